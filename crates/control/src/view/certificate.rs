//! Certificates and DNS providers.

use longshore_domain::{CertificateId, DnsProviderId, DomainName, Secret};
use longshore_store::certificates::CertificateRecord;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A new certificate.
#[derive(Debug, Clone)]
pub struct CertificateDraft {
    /// What people call it.
    pub name: String,
    /// The certificates as PEM, the host's own first.
    pub chain: String,
    /// The key as PEM.
    pub private_key: Secret,
}

/// A certificate that the team brought.
#[derive(Debug, Clone, Serialize)]
pub struct CertificateView {
    /// Its id.
    pub id: CertificateId,
    /// What people call it.
    pub name: String,
    /// The host names for which it is valid.
    pub hosts: Vec<DomainName>,
    /// Who issued it.
    pub issuer: String,
    /// The SHA-256 of the certificate, in hexadecimal.
    pub fingerprint: String,
    /// From when on it is valid.
    #[serde(with = "time::serde::rfc3339")]
    pub not_before: OffsetDateTime,
    /// Until when it is valid.
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
    /// The domains that use it.
    pub used_by: Vec<String>,
}

impl CertificateView {
    pub(crate) fn new(record: CertificateRecord, used_by: Vec<String>) -> Self {
        Self {
            id: record.id,
            name: record.name,
            hosts: record.hosts,
            issuer: record.issuer,
            fingerprint: record.fingerprint,
            not_before: record.not_before,
            not_after: record.not_after,
            used_by,
        }
    }
}

/// A new DNS provider.
#[derive(Debug, Clone)]
pub struct DnsProviderDraft {
    /// What people call it.
    pub name: String,
    /// Its kind and settings.
    pub settings: DnsProviderSettings,
    /// The token, key or password.
    pub secret: Secret,
}

/// The kind of a DNS provider and its settings, without the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum DnsProviderSettings {
    /// Cloudflare's API; the secret is a token.
    Cloudflare,
    /// Dynamic updates by RFC 2136; the secret is the TSIG key as base64.
    Rfc2136 {
        /// `host:port`.
        server: String,
        /// The zone; found by asking the server when absent.
        #[serde(default)]
        zone: Option<String>,
        /// The key's name.
        key_name: String,
        /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
        #[serde(default = "sha256")]
        algorithm: String,
    },
    /// A program of the team's that is told by HTTP; the secret is a bearer token, or the
    /// password of the user.
    Webhook {
        /// Where it is.
        url: String,
        /// The user of basic authentication.
        #[serde(default)]
        username: Option<String>,
    },
}

fn sha256() -> String {
    "hmac-sha256".to_owned()
}

/// A DNS provider, without its secret.
#[derive(Debug, Clone, Serialize)]
pub struct DnsProviderView {
    /// Its id.
    pub id: DnsProviderId,
    /// What people call it.
    pub name: String,
    /// Its kind and settings.
    pub settings: DnsProviderSettings,
}

/// How a certificate does on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateOnMachine {
    /// The host.
    pub host: DomainName,
    /// `waiting`, `waiting_for_dns`, `asking`, `valid` or `failing`.
    pub state: CertificatePhase,
    /// Until when the present one is valid.
    #[serde(with = "time::serde::rfc3339::option")]
    pub valid_until: Option<OffsetDateTime>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// When the next attempt, or the renewal, is due.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_attempt: Option<OffsetDateTime>,
    /// Since when attempts have failed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub failing_since: Option<OffsetDateTime>,
    /// Why the last attempt failed, or what is waited for.
    pub problem: Option<String>,
    /// What was noticed of the name's DNS records.
    pub note: Option<String>,
    /// What happened, the newest first.
    pub history: Vec<CertificateHistory>,
}

/// What goes on with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificatePhase {
    /// Its turn has not come.
    Waiting,
    /// The name does not lead here yet.
    WaitingForDns,
    /// The authority is being asked.
    Asking,
    /// There is one.
    Valid,
    /// The last attempt failed.
    Failing,
}

/// Something that happened to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateHistory {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What.
    pub text: String,
}
