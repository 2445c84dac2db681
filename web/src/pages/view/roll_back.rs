//! The question before going back to an earlier version.

use askama::Template;
use longshore_control::view::DeploymentView;
use time::OffsetDateTime;

use super::deployment::{short, title};
use super::{FlashTone, Icon, Page, When};

/// What going back to a deployment means, and the choice of its variables.
#[derive(Template)]
#[template(path = "deployment/roll_back.html")]
pub struct RollBackPage {
    /// The frame.
    pub page: Page,
    /// The deployment's id.
    pub id: String,
    /// Its number.
    pub number: i32,
    /// The service's name.
    pub service: String,
    /// What it had brought.
    pub title: String,
    /// The whole commit; empty when there is none.
    pub commit: String,
    /// The commit, shortened.
    pub short_commit: String,
    /// The image's tag.
    pub image: String,
    /// The image's identity, shortened.
    pub digest: String,
    /// When it was asked for.
    pub at: When,
}

impl RollBackPage {
    /// The question about a deployment as seen from `now`.
    pub fn new(page: Page, deployment: &DeploymentView, now: OffsetDateTime) -> Self {
        let commit = deployment
            .commit
            .as_ref()
            .map(|commit| commit.sha.clone())
            .unwrap_or_default();
        let digest = deployment.image_digest.as_deref().unwrap_or_default();
        Self {
            page,
            id: deployment.id.to_string(),
            number: deployment.number,
            service: deployment.service.name.clone(),
            title: title(deployment),
            short_commit: short(&commit),
            commit,
            image: deployment.image.clone().unwrap_or_default(),
            digest: digest.chars().take("sha256:".len() + 12).collect(),
            at: When::new(deployment.queued_at, now),
        }
    }
}
