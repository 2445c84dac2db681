//! Stacks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::Control;
use longshore_domain::{EnvironmentId, ServiceId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{Component, List, NewStack, Service, StackChanges};
use crate::stacks;
use crate::state::AgentQueries;

/// Creates a stack. Nothing runs until it is deployed.
#[utoipa::path(post, path = "/api/v1/environments/{id}/stacks", params(("id" = String, Path)),
    request_body = NewStack,
    responses((status = 201, body = Service), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
    Body(body): Body<NewStack>,
) -> Result<(StatusCode, Json<Service>), Problem> {
    let service = control.create_stack(&caller.0, id, body.into()).await?;
    Ok((StatusCode::CREATED, Json(service.into())))
}

/// Changes a stack; the next deployment has the changes.
#[utoipa::path(patch, path = "/api/v1/services/{id}/stack", params(("id" = String, Path)),
    request_body = StackChanges,
    responses((status = 200, body = Service), (status = 422, body = Problem)))]
pub(super) async fn update(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<StackChanges>,
) -> Result<Json<Service>, Problem> {
    let service = control.update_stack(&caller.0, id, body.into()).await?;
    Ok(Json(service.into()))
}

/// The components of a stack's live version, with what runs of them.
#[utoipa::path(get, path = "/api/v1/services/{id}/components", params(("id" = String, Path)),
    responses((status = 200, body = List<Component>)))]
pub(super) async fn components(
    caller: Caller,
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    Id(id): Id<ServiceId>,
) -> Result<Json<List<Component>>, Problem> {
    let view = control.show_service(&caller.0, id).await?;
    let seen = stacks::seen(&*agent, view.components).await;
    Ok(Json(List {
        items: seen
            .into_iter()
            .map(|(component, state)| Component::new(component, state))
            .collect(),
        next: None,
    }))
}
