//! How requests find a service.

pub mod cloudflare;
mod header;
mod options;
mod password;
mod pattern;
mod redirect;

pub use header::{HeaderName, HeaderValue};
pub use options::{BasicUser, DomainOptions, Hsts, RateLimit, Share, Split};
pub use password::PasswordHash;
pub use pattern::{UrlPattern, UrlReplacement};
pub use redirect::{HostRedirect, PatternRedirect, RedirectTarget};

use serde::{Deserialize, Serialize};

use crate::run::Port;
use crate::{ComponentName, DomainId, DomainName, PathPrefix};

/// The header with which the proxy shows the dashboard that a request comes through it.
pub const PROXY_PROOF: &str = "Longshore-Proxy-Proof";

/// How a domain is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// Plain HTTP.
    #[default]
    None,
    /// A certificate by ACME.
    Acme,
    /// A certificate that the team uploaded.
    Custom,
}

impl TlsMode {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Acme => "acme",
            Self::Custom => "custom",
        }
    }

    /// Reads the stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::None, Self::Acme, Self::Custom]
            .into_iter()
            .find(|mode| mode.as_str() == name)
    }
}

/// One way from a host and path prefix to a service's port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The domain it belongs to.
    pub domain: DomainId,
    /// The host.
    pub host: DomainName,
    /// The path prefix.
    pub path_prefix: PathPrefix,
    /// Whether the prefix is taken off before the service sees the request.
    pub strip_prefix: bool,
    /// The port inside the container.
    pub port: Port,
    /// How it is protected.
    pub tls: TlsMode,
    /// The component that it leads to, of a stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentName>,
    /// What happens to requests on their way.
    #[serde(default)]
    pub options: DomainOptions,
    /// The other service of a split, when it is live.
    #[serde(default)]
    pub share: Option<Share>,
}
