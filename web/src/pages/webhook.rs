//! The webhook of a service.

use axum::extract::State;
use longshore_control::{Control, ControlError, ServiceView, SourceView};
use longshore_domain::ServiceId;

use super::answer::{Answer, page, page_once};
use super::path::Id;
use super::services::{frame, turn_back};
use super::view::{DeliveryRow, ServiceHead, WebhookPage};
use super::visit::Signed;
use crate::origin::Origin;

/// How many deliveries are shown.
const RECENT: usize = 30;

/// The webhook with its last deliveries.
pub async fn show(
    State(control): State<Control>,
    origin: Origin,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let hook = control.show_hook(&signed.actor, id).await?;
    let url = hook
        .map(|hook| origin.complete(&hook.url))
        .unwrap_or_default();
    let filled = webhook_page(&control, signed, &service, url, String::new()).await?;
    Ok(page(&filled))
}

async fn webhook_page(
    control: &Control,
    signed: Signed,
    service: &ServiceView,
    url: String,
    secret: String,
) -> Result<WebhookPage, ControlError> {
    let deliveries = if url.is_empty() {
        Vec::new()
    } else {
        control
            .list_deliveries(&signed.actor, service.id, RECENT)
            .await?
    };
    let is_image = matches!(service.source, SourceView::Image { .. });
    // The hook is one; its URL says who calls it, and a registry brings the secret in it.
    let url = if is_image {
        url.replace("/hooks/github/", "/hooks/registry/")
    } else {
        url
    };
    let (url, secret) = match (is_image, secret.as_str()) {
        (true, "") | (false, _) => (url, secret),
        (true, secret) => (format!("{url}?token={secret}"), secret.to_owned()),
    };
    Ok(WebhookPage {
        branch: match &service.source {
            SourceView::Git { branch, .. } => branch.clone(),
            SourceView::Image { .. } | SourceView::Upload { .. } | SourceView::Compose { .. } => {
                "the branch".to_owned()
            }
        },
        deliveries: deliveries
            .iter()
            .map(|delivery| DeliveryRow::new(delivery, signed.now))
            .collect(),
        is_image,
        page: frame(signed.frame, service, "Webhook"),
        service: ServiceHead::new(service, "webhook"),
        url,
        secret,
    })
}

/// Makes the webhook, or changes its secret. The answer itself shows the secret: it is
/// kept nowhere in the clear, so no later page could.
pub async fn create(
    State(control): State<Control>,
    origin: Origin,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    match control.make_hook(&signed.actor, id).await {
        Ok(hook) => {
            let secret = hook.secret.expose().to_owned();
            let url = origin.complete(&hook.view.url);
            let filled = webhook_page(&control, signed, &service, url, secret).await?;
            Ok(page_once(&filled))
        }
        Err(error) => turn_back(&signed, error, &format!("/services/{id}/webhook")).await,
    }
}
