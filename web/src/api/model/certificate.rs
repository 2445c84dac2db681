//! Certificates and DNS providers.

use longshore_control::{
    CertificateDraft, CertificateOnMachine, CertificateView, DnsProviderDraft, DnsProviderSettings,
    DnsProviderView,
};
use longshore_domain::Secret;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A new certificate.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCertificate {
    name: String,
    /// PEM, the host's own certificate first.
    chain: String,
    /// PEM, without a passphrase.
    private_key: String,
}

impl From<NewCertificate> for CertificateDraft {
    fn from(body: NewCertificate) -> Self {
        Self {
            name: body.name,
            chain: body.chain,
            private_key: Secret::new(body.private_key),
        }
    }
}

/// A certificate that the team brought; its key is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Certificate {
    id: Uuid,
    name: String,
    hosts: Vec<String>,
    issuer: String,
    /// SHA-256, in hexadecimal.
    fingerprint: String,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    /// The domains that use it.
    used_by: Vec<String>,
}

impl From<CertificateView> for Certificate {
    fn from(view: CertificateView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            hosts: view.hosts.iter().map(ToString::to_string).collect(),
            issuer: view.issuer,
            fingerprint: view.fingerprint,
            not_before: view.not_before,
            not_after: view.not_after,
            used_by: view.used_by,
        }
    }
}

/// A new DNS provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDnsProvider {
    name: String,
    /// `{"kind": "cloudflare"}`, `{"kind": "rfc2136", "server", "zone", "key_name",
    /// "algorithm"}` or `{"kind": "webhook", "url", "username"}`.
    #[schema(value_type = Object)]
    settings: DnsProviderSettings,
    /// The token, the TSIG key as base64, or the password.
    secret: String,
}

impl From<NewDnsProvider> for DnsProviderDraft {
    fn from(body: NewDnsProvider) -> Self {
        Self {
            name: body.name,
            settings: body.settings,
            secret: Secret::new(body.secret),
        }
    }
}

/// A DNS provider; its secret is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DnsProvider {
    id: Uuid,
    name: String,
    #[schema(value_type = Object)]
    settings: DnsProviderSettings,
}

impl From<DnsProviderView> for DnsProvider {
    fn from(view: DnsProviderView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            settings: view.settings,
        }
    }
}

/// How a certificate does; empty when the machine knows nothing of it yet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateState {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(crate) found: Option<CertificateOnMachine>,
}
