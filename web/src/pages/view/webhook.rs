//! The webhook of a service.

use askama::Template;
use longshore_control::view::DeliveryView;
use time::OffsetDateTime;

use super::deployment::{sentence, short};
use super::{FlashTone, Icon, Page, ServiceHead, Status, When};

/// The webhook with its last deliveries.
#[derive(Template)]
#[template(path = "service/webhook.html")]
pub struct WebhookPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The branch that deploys.
    pub branch: String,
    /// The URL; empty when there is no webhook yet.
    pub url: String,
    /// The secret, right after it was made; empty otherwise.
    pub secret: String,
    /// Whether the service comes from an image, which registries tell of.
    pub is_image: bool,
    /// The last deliveries.
    pub deliveries: Vec<DeliveryRow>,
}

/// A delivery in the list.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    /// What was done.
    pub decision: Status,
    /// The event, with the sender.
    pub event: String,
    /// Why.
    pub reason: String,
    /// The commit, shortened; empty when there is none.
    pub commit: String,
    /// The deployment it caused; empty when there is none.
    pub deployment: String,
    /// When it came.
    pub at: When,
}

impl DeliveryRow {
    /// A delivery as seen from `now`.
    pub fn new(delivery: &DeliveryView, now: OffsetDateTime) -> Self {
        Self {
            decision: Status::of_decision(delivery.decision),
            event: format!("{} {}", delivery.provider, delivery.event),
            reason: sentence(&delivery.reason),
            commit: delivery
                .commit_sha
                .as_deref()
                .map(short)
                .unwrap_or_default(),
            deployment: delivery
                .deployment
                .map(|deployment| deployment.to_string())
                .unwrap_or_default(),
            at: When::new(delivery.received_at, now),
        }
    }
}
