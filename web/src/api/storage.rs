//! Volumes, and data of services that are gone.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::Control;
use longshore_domain::ServiceId;

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{RemovalBody, Storage};
use crate::state::AgentQueries;

/// All volumes of the team with their sizes, and what was kept of services that are gone.
#[utoipa::path(get, path = "/api/v1/storage", responses((status = 200, body = Storage)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
) -> Result<Json<Storage>, Problem> {
    let storage = control.list_storage(&caller.0).await?;
    // Without the agent the list is as true, only its sizes are not known.
    let found = agent.volumes().await.ok();
    Ok(Json(Storage::new(storage, found.as_deref())))
}

/// Removes the data of a service that is gone, for good.
#[utoipa::path(delete, path = "/api/v1/storage/kept/{id}", params(("id" = String, Path)),
    request_body = RemovalBody, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn destroy_kept(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<RemovalBody>,
) -> Result<StatusCode, Problem> {
    let confirm = body.confirm.unwrap_or_default();
    control.delete_kept_data(&caller.0, id, &confirm).await?;
    Ok(StatusCode::NO_CONTENT)
}
