//! The page of a new Cloudflare Tunnel.

use askama::Template;

use super::{FieldErrors, FlashTone, Icon, Page};

/// The form for a new Cloudflare Tunnel.
#[derive(Template, Default)]
#[template(path = "project/new_tunnel.html")]
pub struct NewTunnelPage {
    /// The frame.
    pub page: Page,
    /// The environment it will belong to.
    pub environment_id: String,
    /// The environment's name.
    pub environment_name: String,
    /// The project's name.
    pub project_name: String,
    /// The name as typed.
    pub name: String,
    /// The image as typed.
    pub image: String,
    /// The image that is taken otherwise.
    pub usual_image: String,
    /// What is wrong.
    pub errors: FieldErrors,
}
