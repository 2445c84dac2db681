//! Domains.

use longshore_control::{BasicUserDraft, BasicUserName, DomainDraft, DomainPatch, DomainView};
use longshore_domain::route::DomainOptions;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::service::given;

/// A new domain.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDomain {
    /// A host name; `*.example.com` stands for all names one label below.
    host: String,
    /// `/` when absent.
    path_prefix: Option<String>,
    #[serde(default)]
    strip_prefix: bool,
    /// The service's port when absent.
    port: Option<i64>,
    /// `none`, `acme` or `custom`.
    #[serde(default = "no_tls")]
    tls: String,
    /// Of the team's own certificates; one that is valid for the host when absent.
    certificate: Option<Uuid>,
    /// Where a DNS record shows that the name is ours; needed for a wildcard by ACME.
    dns_provider: Option<Uuid>,
    /// What happens to requests on their way.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    options: DomainOptions<BasicUserDraft>,
    /// The component of a stack.
    component: Option<String>,
}

fn no_tls() -> String {
    "none".to_owned()
}

impl From<NewDomain> for DomainDraft {
    fn from(body: NewDomain) -> Self {
        Self {
            host: body.host,
            path_prefix: body.path_prefix,
            strip_prefix: body.strip_prefix,
            port: body.port,
            tls: body.tls,
            certificate: body.certificate.map(Into::into),
            dns_provider: body.dns_provider.map(Into::into),
            options: body.options,
            component: body.component,
        }
    }
}

/// Changes of a domain; what is absent stays.
#[expect(
    clippy::option_option,
    reason = "a port may be absent from the body, or null in it"
)]
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainChanges {
    path_prefix: Option<String>,
    strip_prefix: Option<bool>,
    /// `null` means the service's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    port: Option<Option<i64>>,
    tls: Option<String>,
    /// `null` means one that is valid for the host.
    #[serde(default, deserialize_with = "given_id")]
    #[schema(value_type = Option<Uuid>)]
    certificate: Option<Option<Uuid>>,
    /// `null` means that an answer over HTTP is the proof.
    #[serde(default, deserialize_with = "given_id")]
    #[schema(value_type = Option<Uuid>)]
    dns_provider: Option<Option<Uuid>>,
    /// All options; users of basic authentication without a password keep theirs.
    #[schema(value_type = Option<Object>)]
    options: Option<DomainOptions<BasicUserDraft>>,
    /// The component of a stack.
    component: Option<String>,
}

/// Tells `null` from absent.
#[expect(
    clippy::option_option,
    reason = "the outer level says whether the field is there"
)]
fn given_id<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<Uuid>>, D::Error> {
    Option::deserialize(reader).map(Some)
}

impl From<DomainChanges> for DomainPatch {
    fn from(body: DomainChanges) -> Self {
        Self {
            path_prefix: body.path_prefix,
            strip_prefix: body.strip_prefix,
            port: body.port,
            tls: body.tls,
            certificate: body.certificate.map(|id| id.map(Into::into)),
            dns_provider: body.dns_provider.map(|id| id.map(Into::into)),
            options: body.options,
            component: body.component,
        }
    }
}

/// A domain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Domain {
    id: Uuid,
    host: String,
    path_prefix: String,
    strip_prefix: bool,
    port: Option<u16>,
    /// `none`, `acme` or `custom`.
    tls: &'static str,
    certificate: Option<Uuid>,
    dns_provider: Option<Uuid>,
    /// Users of basic authentication come without passwords.
    #[schema(value_type = Object)]
    options: DomainOptions<BasicUserName>,
    /// The component of a stack.
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    url: String,
}

impl From<DomainView> for Domain {
    fn from(view: DomainView) -> Self {
        Self {
            id: view.id.0,
            host: view.host,
            path_prefix: view.path_prefix,
            strip_prefix: view.strip_prefix,
            port: view.port,
            tls: view.tls.as_str(),
            certificate: view.certificate.map(|id| id.0),
            dns_provider: view.dns_provider.map(|id| id.0),
            options: view.options,
            component: view.component,
            url: view.url,
        }
    }
}
