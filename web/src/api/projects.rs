//! Projects and environments.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::{Control, EnvironmentDraft, ProjectDraft};
use longshore_domain::{EnvironmentId, ProjectId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{ConfirmBody, Environment, List, NameBody, Project, TerminalsBody};

/// All projects of the team.
#[utoipa::path(get, path = "/api/v1/projects", responses((status = 200, body = List<Project>)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
) -> Result<Json<List<Project>>, Problem> {
    Ok(Json(List::whole(control.list_projects(&caller.0).await?)))
}

/// Creates a project with the environment `production`.
#[utoipa::path(post, path = "/api/v1/projects", request_body = NameBody,
    responses((status = 201, body = Project), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Body(body): Body<NameBody>,
) -> Result<(StatusCode, Json<Project>), Problem> {
    let draft = ProjectDraft { name: body.name };
    let project = control.create_project(&caller.0, draft).await?;
    Ok((StatusCode::CREATED, Json(project.into())))
}

/// One project.
#[utoipa::path(get, path = "/api/v1/projects/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Project), (status = 404, body = Problem)))]
pub(super) async fn show(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ProjectId>,
) -> Result<Json<Project>, Problem> {
    Ok(Json(control.show_project(&caller.0, id).await?.into()))
}

/// Renames a project.
#[utoipa::path(patch, path = "/api/v1/projects/{id}", params(("id" = String, Path)),
    request_body = NameBody, responses((status = 200, body = Project)))]
pub(super) async fn update(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ProjectId>,
    Body(body): Body<NameBody>,
) -> Result<Json<Project>, Problem> {
    let draft = ProjectDraft { name: body.name };
    Ok(Json(
        control.rename_project(&caller.0, id, draft).await?.into(),
    ))
}

/// Deletes a project with everything in it.
#[utoipa::path(delete, path = "/api/v1/projects/{id}", params(("id" = String, Path)),
    request_body = ConfirmBody, responses((status = 204)))]
pub(super) async fn destroy(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ProjectId>,
    Body(body): Body<ConfirmBody>,
) -> Result<StatusCode, Problem> {
    control.delete_project(&caller.0, id, &body.confirm).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Allows or forbids shells in the containers of a project.
#[utoipa::path(put, path = "/api/v1/projects/{id}/terminals", params(("id" = String, Path)),
    request_body = TerminalsBody, responses((status = 200, body = Project)))]
pub(super) async fn allow_terminals(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ProjectId>,
    Body(body): Body<TerminalsBody>,
) -> Result<Json<Project>, Problem> {
    control.allow_terminals(&caller.0, id, body.allowed).await?;
    Ok(Json(control.show_project(&caller.0, id).await?.into()))
}

/// Creates an environment.
#[utoipa::path(post, path = "/api/v1/projects/{id}/environments", params(("id" = String, Path)),
    request_body = NameBody, responses((status = 201, body = Environment)))]
pub(super) async fn create_environment(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ProjectId>,
    Body(body): Body<NameBody>,
) -> Result<(StatusCode, Json<Environment>), Problem> {
    let draft = EnvironmentDraft { name: body.name };
    let environment = control.create_environment(&caller.0, id, draft).await?;
    Ok((StatusCode::CREATED, Json(environment.into())))
}

/// One environment with its services.
#[utoipa::path(get, path = "/api/v1/environments/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Environment)))]
pub(super) async fn show_environment(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
) -> Result<Json<Environment>, Problem> {
    Ok(Json(control.show_environment(&caller.0, id).await?.into()))
}

/// Deletes an environment with everything in it.
#[utoipa::path(delete, path = "/api/v1/environments/{id}", params(("id" = String, Path)),
    request_body = ConfirmBody, responses((status = 204)))]
pub(super) async fn destroy_environment(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
    Body(body): Body<ConfirmBody>,
) -> Result<StatusCode, Problem> {
    control
        .delete_environment(&caller.0, id, &body.confirm)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
