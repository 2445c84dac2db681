//! Variables of services, environments and projects.

use axum::Json;
use axum::extract::State;
use longshore_control::{Control, VariableScope};
use longshore_domain::{EnvironmentId, ProjectId, ServiceId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{Variables, VariablesBody};

/// The variables of a service.
#[utoipa::path(get, path = "/api/v1/services/{id}/variables", params(("id" = String, Path)),
    responses((status = 200, body = Variables)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<Json<Variables>, Problem> {
    let Json(variables) = list(&caller, &control, VariableScope::Service(id)).await?;
    let changes = control.variable_changes(&caller.0, id).await?;
    Ok(Json(variables.with_changes(changes)))
}

/// Makes these the variables of a service; others go.
#[utoipa::path(put, path = "/api/v1/services/{id}/variables", params(("id" = String, Path)),
    request_body = VariablesBody, responses((status = 200, body = Variables), (status = 422, body = Problem)))]
pub(super) async fn replace(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<VariablesBody>,
) -> Result<Json<Variables>, Problem> {
    let scope = VariableScope::Service(id);
    let variables = control
        .replace_variables(&caller.0, scope, body.drafts())
        .await?;
    let changes = control.variable_changes(&caller.0, id).await?;
    Ok(Json(Variables::from(variables).with_changes(changes)))
}

/// Sets some variables of a service; the others stay.
#[utoipa::path(patch, path = "/api/v1/services/{id}/variables", params(("id" = String, Path)),
    request_body = VariablesBody, responses((status = 200, body = Variables)))]
pub(super) async fn merge(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<VariablesBody>,
) -> Result<Json<Variables>, Problem> {
    let scope = VariableScope::Service(id);
    let variables = control
        .merge_variables(&caller.0, scope, body.drafts())
        .await?;
    let changes = control.variable_changes(&caller.0, id).await?;
    Ok(Json(Variables::from(variables).with_changes(changes)))
}

/// The variables of an environment.
#[utoipa::path(get, path = "/api/v1/environments/{id}/variables", params(("id" = String, Path)),
    responses((status = 200, body = Variables)))]
pub(super) async fn index_of_environment(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
) -> Result<Json<Variables>, Problem> {
    list(&caller, &control, VariableScope::Environment(id)).await
}

/// Makes these the variables of an environment; others go.
#[utoipa::path(put, path = "/api/v1/environments/{id}/variables", params(("id" = String, Path)),
    request_body = VariablesBody, responses((status = 200, body = Variables), (status = 422, body = Problem)))]
pub(super) async fn replace_of_environment(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
    Body(body): Body<VariablesBody>,
) -> Result<Json<Variables>, Problem> {
    let scope = VariableScope::Environment(id);
    let variables = control
        .replace_variables(&caller.0, scope, body.drafts())
        .await?;
    Ok(Json(variables.into()))
}

/// The variables of a project.
#[utoipa::path(get, path = "/api/v1/projects/{id}/variables", params(("id" = String, Path)),
    responses((status = 200, body = Variables)))]
pub(super) async fn index_of_project(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ProjectId>,
) -> Result<Json<Variables>, Problem> {
    list(&caller, &control, VariableScope::Project(id)).await
}

/// Makes these the variables of a project; others go.
#[utoipa::path(put, path = "/api/v1/projects/{id}/variables", params(("id" = String, Path)),
    request_body = VariablesBody, responses((status = 200, body = Variables), (status = 422, body = Problem)))]
pub(super) async fn replace_of_project(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ProjectId>,
    Body(body): Body<VariablesBody>,
) -> Result<Json<Variables>, Problem> {
    let scope = VariableScope::Project(id);
    let variables = control
        .replace_variables(&caller.0, scope, body.drafts())
        .await?;
    Ok(Json(variables.into()))
}

async fn list(
    caller: &Caller,
    control: &Control,
    scope: VariableScope,
) -> Result<Json<Variables>, Problem> {
    let variables = control.list_variables(&caller.0, scope).await?;
    Ok(Json(variables.into()))
}
