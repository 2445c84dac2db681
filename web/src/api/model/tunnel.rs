//! Cloudflare Tunnels.

use longshore_control::TunnelDraft;
use longshore_domain::Secret;
use serde::Deserialize;
use utoipa::ToSchema;

/// A new Cloudflare Tunnel.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTunnel {
    /// A DNS label: the name of the app that is made.
    name: String,
    /// The tunnel's token, or a command of Cloudflare's dashboard with it. It is stored as a
    /// secret variable.
    #[schema(value_type = String)]
    token: Secret,
    /// The image of `cloudflared`; a proven version when absent.
    image: Option<String>,
}

impl From<NewTunnel> for TunnelDraft {
    fn from(body: NewTunnel) -> Self {
        Self {
            name: body.name,
            token: body.token,
            image: body.image,
        }
    }
}
