//! Deployments.

#![expect(
    unused_qualifications,
    reason = "the description of query parameters expands to full paths"
)]

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::{Control, Cursor};
use longshore_domain::{DeploymentId, ServiceId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Problem;
use super::caller::Caller;
use super::extract::{Asked, Body, Id};
use super::model::{Deployment, List, NewDeployment, RollbackBody};

/// The longest that `?wait=true` waits: a build may take an hour.
const WAIT_MAX: Duration = Duration::from_hours(2);

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct PartOfList {
    /// The `next` of the part before.
    after: Option<String>,
    /// Entries, at most 100.
    limit: Option<usize>,
}

/// Whether to wait.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Wait {
    /// Answer when the deployment has ended.
    #[serde(default)]
    wait: bool,
    /// Seconds to wait at most.
    timeout: Option<u64>,
}

/// The deployments of a service, newest first.
#[utoipa::path(get, path = "/api/v1/services/{id}/deployments",
    params(("id" = String, Path), PartOfList), responses((status = 200, body = List<Deployment>)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Asked(part): Asked<PartOfList>,
) -> Result<Json<List<Deployment>>, Problem> {
    let cursor = Cursor {
        after: part.after,
        limit: part.limit.unwrap_or(0),
    };
    let page = control.list_deployments(&caller.0, id, cursor).await?;
    Ok(Json(List {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next,
    }))
}

/// Asks for a deployment. With `?wait=true` the answer (200) comes when it has ended.
#[utoipa::path(post, path = "/api/v1/services/{id}/deployments",
    params(("id" = String, Path), Wait), request_body = NewDeployment,
    responses((status = 202, body = Deployment), (status = 200, body = Deployment), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Asked(wait): Asked<Wait>,
    Body(body): Body<NewDeployment>,
) -> Result<(StatusCode, Json<Deployment>), Problem> {
    let deployment = control
        .request_deployment(&caller.0, id, body.into())
        .await?;
    if !wait.wait {
        return Ok((StatusCode::ACCEPTED, Json(deployment.into())));
    }
    let limit = wait.timeout.map_or(WAIT_MAX, |seconds| {
        Duration::from_secs(seconds).min(WAIT_MAX)
    });
    let deployment = control.await_end(&caller.0, deployment.id, limit).await?;
    let status = if deployment.status.has_ended() {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    Ok((status, Json(deployment.into())))
}

/// One deployment.
#[utoipa::path(get, path = "/api/v1/deployments/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Deployment)))]
pub(super) async fn show(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<DeploymentId>,
) -> Result<Json<Deployment>, Problem> {
    Ok(Json(control.show_deployment(&caller.0, id).await?.into()))
}

/// Asks a deployment to stop.
#[utoipa::path(post, path = "/api/v1/deployments/{id}/cancel", params(("id" = String, Path)),
    responses((status = 202, body = Deployment), (status = 409, body = Problem)))]
pub(super) async fn cancel(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<DeploymentId>,
) -> Result<(StatusCode, Json<Deployment>), Problem> {
    let deployment = control.cancel_deployment(&caller.0, id).await?;
    Ok((StatusCode::ACCEPTED, Json(deployment.into())))
}

/// Makes an earlier version live again, as a new deployment without a build.
#[utoipa::path(post, path = "/api/v1/services/{id}/rollback", params(("id" = String, Path)),
    request_body = RollbackBody, responses((status = 202, body = Deployment)))]
pub(super) async fn roll_back(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<RollbackBody>,
) -> Result<(StatusCode, Json<Deployment>), Problem> {
    let deployment = control
        .roll_back(&caller.0, id, body.deployment, body.variables)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(deployment.into())))
}
