//! The webhook of a service and what it received.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::{Control, ControlError};
use longshore_domain::ServiceId;

use super::Problem;
use super::caller::Caller;
use super::extract::Id;
use super::model::{Delivery, Hook, List};
use crate::origin::Origin;

/// Deliveries that are listed.
const DELIVERIES: usize = 50;

/// The webhook's URL.
#[utoipa::path(get, path = "/api/v1/services/{id}/webhook", params(("id" = String, Path)),
    responses((status = 200, body = Hook), (status = 404, body = Problem)))]
pub(super) async fn show(
    caller: Caller,
    origin: Origin,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<Json<Hook>, Problem> {
    let hook = control.show_hook(&caller.0, id).await?;
    let mut hook = hook.ok_or(ControlError::NotFound)?;
    hook.url = origin.complete(&hook.url);
    Ok(Json(Hook::new(hook, None)))
}

/// Makes the webhook, or gives it a new secret; the old one is valid for another day.
#[utoipa::path(post, path = "/api/v1/services/{id}/webhook", params(("id" = String, Path)),
    responses((status = 201, body = Hook)))]
pub(super) async fn create(
    caller: Caller,
    origin: Origin,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<(StatusCode, Json<Hook>), Problem> {
    let mut hook = control.make_hook(&caller.0, id).await?;
    hook.view.url = origin.complete(&hook.view.url);
    let secret = hook.secret.expose().to_owned();
    Ok((
        StatusCode::CREATED,
        Json(Hook::new(hook.view, Some(secret))),
    ))
}

/// The last deliveries with the decisions taken.
#[utoipa::path(get, path = "/api/v1/services/{id}/deliveries", params(("id" = String, Path)),
    responses((status = 200, body = List<Delivery>)))]
pub(super) async fn deliveries(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<Json<List<Delivery>>, Problem> {
    let deliveries = control.list_deliveries(&caller.0, id, DELIVERIES).await?;
    Ok(Json(List::whole(deliveries)))
}
