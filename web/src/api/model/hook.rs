//! Webhooks and what came by them.

use longshore_control::{DeliveryView, HookView};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hook {
    url: String,
    /// Shown only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Until when the secret before is accepted too.
    #[serde(with = "time::serde::rfc3339::option")]
    old_secret_until: Option<OffsetDateTime>,
}

impl Hook {
    /// A hook, with its secret when it was just made.
    pub(crate) fn new(view: HookView, secret: Option<String>) -> Self {
        Self {
            url: view.url,
            secret,
            old_secret_until: view.old_secret_until,
        }
    }
}

/// One received webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    id: Uuid,
    provider: String,
    event: String,
    /// `deployed`, `ignored`, `pong`, `refused` or `repeated`.
    decision: &'static str,
    reason: String,
    reference: Option<String>,
    commit: Option<String>,
    deployment: Option<Uuid>,
    #[serde(with = "time::serde::rfc3339")]
    received_at: OffsetDateTime,
}

impl From<DeliveryView> for Delivery {
    fn from(view: DeliveryView) -> Self {
        Self {
            id: view.id.0,
            provider: view.provider,
            event: view.event,
            decision: view.decision.as_str(),
            reason: view.reason,
            reference: view.reference,
            commit: view.commit_sha,
            deployment: view.deployment.map(|id| id.0),
            received_at: view.received_at,
        }
    }
}
