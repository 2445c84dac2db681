//! Certificates that the machine shall have, and how they do.

use longshore_domain::DomainName;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::WireSecret;

/// All certificates that the machine shall have; it forgets others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct DesiredCertificates {
    /// One a host.
    pub certificates: Vec<DesiredCertificate>,
}

/// One certificate that the machine shall have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredCertificate {
    /// The name for which it is.
    pub host: DomainName,
    /// Where it comes from.
    pub origin: CertificateOrigin,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum CertificateOrigin {
    /// By ACME; a request over HTTP shows that the name is ours.
    Http,
    /// By ACME; a DNS record shows it.
    Dns {
        /// Where the record can be made.
        access: DnsAccess,
    },
    /// The team's own.
    Own {
        /// The certificates as PEM, the name's own first.
        chain: String,
        /// The key as PEM.
        private_key: WireSecret,
    },
}

/// How DNS records are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DnsAccess {
    /// By Cloudflare's API.
    Cloudflare {
        /// An API token that may edit the zone's records.
        token: WireSecret,
    },
    /// By dynamic updates (RFC 2136), signed with TSIG.
    Rfc2136 {
        /// The server: `host:port`.
        server: String,
        /// The zone; found by asking the server when absent.
        zone: Option<DomainName>,
        /// The key's name.
        key_name: String,
        /// `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
        algorithm: String,
        /// The key, as base64.
        key: WireSecret,
    },
    /// By a program of the team's: `POST <url>/present` and `POST <url>/cleanup` with
    /// `{"fqdn", "value"}`.
    Webhook {
        /// The address.
        url: String,
        /// The user name for basic authentication; a bearer token is sent when absent.
        username: Option<String>,
        /// The password or token.
        password: WireSecret,
    },
}

/// How a certificate does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateStatus {
    /// The name for which it is.
    pub host: DomainName,
    /// What goes on.
    pub state: CertificateState,
    /// From when on the present one is valid.
    #[serde(with = "time::serde::rfc3339::option")]
    pub valid_from: Option<OffsetDateTime>,
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
    /// Why the last attempt failed, or what is waited for; sentences.
    pub problem: Option<String>,
    /// What was noticed of the name's DNS records; sentences.
    pub note: Option<String>,
    /// What happened, the newest first.
    pub history: Vec<CertificateEvent>,
}

/// What goes on with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// Its turn has not come.
    Waiting,
    /// The name does not lead here yet.
    WaitingForDns,
    /// The authority is being asked.
    Asking,
    /// There is one.
    Valid,
    /// The last attempt failed; there may be an earlier one.
    Failing,
}

/// Something that happened to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateEvent {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What; a sentence.
    pub text: String,
}
