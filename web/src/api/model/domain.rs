//! Domains.

use longshore_control::{BasicUserDraft, BasicUserName, DomainDraft, DomainPatch, DomainView};
use longshore_domain::route::DomainOptions;
use serde::{Deserialize, Serialize};
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
            certificate: None,
            dns_provider: None,
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
    /// All options; users of basic authentication without a password keep theirs.
    #[schema(value_type = Option<Object>)]
    options: Option<DomainOptions<BasicUserDraft>>,
    /// The component of a stack.
    component: Option<String>,
}

impl From<DomainChanges> for DomainPatch {
    fn from(body: DomainChanges) -> Self {
        Self {
            path_prefix: body.path_prefix,
            strip_prefix: body.strip_prefix,
            port: body.port,
            tls: body.tls,
            certificate: None,
            dns_provider: None,
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
            options: view.options,
            component: view.component,
            url: view.url,
        }
    }
}
