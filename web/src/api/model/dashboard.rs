//! The dashboard's own domain.

use longshore_control::{CertificateOnMachine, DashboardDomainDraft, DashboardDomainView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::certificate::CertificateState;

/// The dashboard's own domain, as wished.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDashboardDomain {
    /// A host name that no service has.
    host: String,
    /// `none`, `acme` or `custom`.
    #[serde(default = "acme")]
    tls: String,
    /// Of the team's own certificates; one that is valid for the host when absent.
    certificate: Option<Uuid>,
    /// Where a DNS record shows that the name is ours.
    dns_provider: Option<Uuid>,
}

fn acme() -> String {
    "acme".to_owned()
}

impl From<NewDashboardDomain> for DashboardDomainDraft {
    fn from(body: NewDashboardDomain) -> Self {
        Self {
            host: body.host,
            tls: body.tls,
            certificate: body.certificate.map(Into::into),
            dns_provider: body.dns_provider.map(Into::into),
        }
    }
}

/// The dashboard's own domain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DashboardDomain {
    host: String,
    /// `none`, `acme` or `custom`.
    tls: &'static str,
    certificate: Option<Uuid>,
    dns_provider: Option<Uuid>,
    /// Where the dashboard is reached.
    url: String,
    /// How its certificate does; empty when the machine knows nothing of it yet.
    state: CertificateState,
}

impl DashboardDomain {
    pub(crate) fn new(view: DashboardDomainView, found: Option<CertificateOnMachine>) -> Self {
        Self {
            host: view.host.to_string(),
            tls: view.tls.as_str(),
            certificate: view.certificate.map(|id| id.0),
            dns_provider: view.dns_provider.map(|id| id.0),
            url: view.url,
            state: CertificateState { found },
        }
    }
}
