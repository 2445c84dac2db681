//! Managed databases.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::Control;
use longshore_domain::{EnvironmentId, ServiceId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{Connection, Database, DatabaseChanges, NewDatabase, PasswordChange, Service};
use crate::password;
use crate::state::AgentQueries;

/// Creates a database and starts it.
#[utoipa::path(post, path = "/api/v1/environments/{id}/databases", params(("id" = String, Path)),
    request_body = NewDatabase,
    responses((status = 201, body = Database), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
    Body(body): Body<NewDatabase>,
) -> Result<(StatusCode, Json<Database>), Problem> {
    let (service, connection) = control.create_database(&caller.0, id, body.into()).await?;
    Ok((
        StatusCode::CREATED,
        Json(Database::new(service, connection)),
    ))
}

/// How programs of the environment reach a database, with its password.
#[utoipa::path(post, path = "/api/v1/services/{id}/connection", params(("id" = String, Path)),
    responses((status = 200, body = Connection), (status = 409, body = Problem)))]
pub(super) async fn connection(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<Json<Connection>, Problem> {
    let connection = control.reveal_connection(&caller.0, id).await?;
    Ok(Json(connection.into()))
}

/// Changes a database; the next deployment has the changes.
#[utoipa::path(patch, path = "/api/v1/services/{id}/database", params(("id" = String, Path)),
    request_body = DatabaseChanges,
    responses((status = 200, body = Service), (status = 422, body = Problem)))]
pub(super) async fn update(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<DatabaseChanges>,
) -> Result<Json<Service>, Problem> {
    let service = control.update_database(&caller.0, id, body.into()).await?;
    Ok(Json(service.into()))
}

/// Gives a database another password. Services that refer to it have it from their next
/// deployment on.
#[utoipa::path(post, path = "/api/v1/services/{id}/password", params(("id" = String, Path)),
    responses((status = 200, body = PasswordChange), (status = 409, body = Problem)))]
pub(super) async fn change_password(
    caller: Caller,
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    Id(id): Id<ServiceId>,
) -> Result<Json<PasswordChange>, Problem> {
    let deployment = password::change(&control, &*agent, &caller.0, id).await?;
    Ok(Json(PasswordChange {
        deployment: deployment.map(|id| id.0),
    }))
}
