//! Apps.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::Control;
use longshore_domain::{EnvironmentId, ServiceId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Asked, Body, Id};
use super::model::{AppChanges, List, NewApp, Removal, RemovalBody, Service, ServiceInList};

/// All services of an environment.
#[utoipa::path(get, path = "/api/v1/environments/{id}/services", params(("id" = String, Path)),
    responses((status = 200, body = List<ServiceInList>)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
) -> Result<Json<List<ServiceInList>>, Problem> {
    let services = control.list_services(&caller.0, id).await?;
    Ok(Json(List::whole(services)))
}

/// Creates an app.
#[utoipa::path(post, path = "/api/v1/environments/{id}/apps", params(("id" = String, Path)),
    request_body = NewApp,
    responses((status = 201, body = Service), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
    Body(body): Body<NewApp>,
) -> Result<(StatusCode, Json<Service>), Problem> {
    let service = control.create_app(&caller.0, id, body.into()).await?;
    Ok((StatusCode::CREATED, Json(service.into())))
}

/// One service.
#[utoipa::path(get, path = "/api/v1/services/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Service)))]
pub(super) async fn show(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<Json<Service>, Problem> {
    Ok(Json(control.show_service(&caller.0, id).await?.into()))
}

/// Changes an app; the next deployment has the changes.
#[utoipa::path(patch, path = "/api/v1/services/{id}", params(("id" = String, Path)),
    request_body = AppChanges, responses((status = 200, body = Service)))]
pub(super) async fn update(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<AppChanges>,
) -> Result<Json<Service>, Problem> {
    let service = control.update_app(&caller.0, id, body.into()).await?;
    Ok(Json(service.into()))
}

/// Deletes a service and what runs of it. The data in its volumes stays on the machine unless
/// `?volumes=true&confirm=<name>` asks for its removal too.
#[utoipa::path(delete, path = "/api/v1/services/{id}", params(("id" = String, Path), Removal),
    request_body = RemovalBody, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn destroy(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Asked(removal): Asked<Removal>,
    Body(body): Body<RemovalBody>,
) -> Result<StatusCode, Problem> {
    let again = removal.confirm.unwrap_or_default();
    let confirm = body.confirm.unwrap_or_else(|| again.clone());
    if removal.volumes {
        control
            .delete_service_and_data(&caller.0, id, &confirm, &again)
            .await?;
    } else {
        control.delete_service(&caller.0, id, &confirm).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Stops the live version.
#[utoipa::path(post, path = "/api/v1/services/{id}/stop", params(("id" = String, Path)),
    responses((status = 202, body = Service)))]
pub(super) async fn stop(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<(StatusCode, Json<Service>), Problem> {
    let service = control.set_stopped(&caller.0, id, true).await?;
    Ok((StatusCode::ACCEPTED, Json(service.into())))
}

/// Starts the live version again.
#[utoipa::path(post, path = "/api/v1/services/{id}/start", params(("id" = String, Path)),
    responses((status = 202, body = Service)))]
pub(super) async fn start(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<(StatusCode, Json<Service>), Problem> {
    let service = control.set_stopped(&caller.0, id, false).await?;
    Ok((StatusCode::ACCEPTED, Json(service.into())))
}

/// Replaces the live version's containers.
#[utoipa::path(post, path = "/api/v1/services/{id}/restart", params(("id" = String, Path)),
    responses((status = 202)))]
pub(super) async fn restart(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<StatusCode, Problem> {
    control.restart(&caller.0, id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Forgets the host key of the repository's server; the next fetch takes the one it meets.
#[utoipa::path(delete, path = "/api/v1/services/{id}/host-key", params(("id" = String, Path)),
    responses((status = 200, body = Service)))]
pub(super) async fn forget_host_key(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<Json<Service>, Problem> {
    let service = control.forget_host_key(&caller.0, id).await?;
    Ok(Json(service.into()))
}
