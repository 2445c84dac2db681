//! The dashboard's own domain.

use longshore_domain::route::TlsMode;
use longshore_domain::{CertificateId, DnsProviderId, DomainName};

/// The dashboard's own domain, as wished.
#[derive(Debug, Clone, Default)]
pub struct DashboardDomainDraft {
    /// The host.
    pub host: String,
    /// `none`, `acme` or `custom`.
    pub tls: String,
    /// One of the team's own certificates; one that is valid for the host when absent.
    pub certificate: Option<CertificateId>,
    /// Where a DNS record shows that the name is ours; else a request over HTTP does.
    pub dns_provider: Option<DnsProviderId>,
}

/// The dashboard's own domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardDomainView {
    /// The host.
    pub host: DomainName,
    /// How it is protected.
    pub tls: TlsMode,
    /// The team's own certificate.
    pub certificate: Option<CertificateId>,
    /// Where DNS records are made.
    pub dns_provider: Option<DnsProviderId>,
    /// Where the dashboard is reached.
    pub url: String,
}
