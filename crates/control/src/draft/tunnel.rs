//! Drafts of tunnels.

use longshore_domain::Secret;

/// A new Cloudflare Tunnel.
#[derive(Debug, Clone, Default)]
pub struct TunnelDraft {
    /// The name of the app.
    pub name: String,
    /// The tunnel's token, or a command with it.
    pub token: Secret,
    /// The image of `cloudflared`; the usual one when absent.
    pub image: Option<String>,
}
