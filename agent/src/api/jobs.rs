//! Calls about jobs.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use longshore_agent_api::{DeployJob, JobStatus};
use longshore_domain::DeploymentId;

use super::body::{Body, Id};
use super::problem::Problem;
use super::{Api, events};

pub(super) async fn put(
    State(api): State<Api>,
    Id(deployment): Id<DeploymentId>,
    Body(job): Body<DeployJob>,
) -> Result<Json<JobStatus>, Problem> {
    if job.deployment != deployment {
        return Err(Problem::invalid(
            "the specification is of another deployment than the path names",
        ));
    }
    Ok(Json(api.jobs.put(job).await?))
}

pub(super) async fn show(
    State(api): State<Api>,
    Id(deployment): Id<DeploymentId>,
) -> Result<Json<JobStatus>, Problem> {
    Ok(Json(api.jobs.status(deployment)?))
}

pub(super) async fn events(
    State(api): State<Api>,
    Id(deployment): Id<DeploymentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = match headers.get("last-event-id") {
        None => 0,
        Some(id) => id
            .to_str()
            .ok()
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| Problem::invalid("Last-Event-ID must be a sequence number"))?,
    };
    let reader = api.jobs.events(deployment, after)?;
    Ok(events::journal(reader, api.tasks.stopping().clone()))
}

pub(super) async fn cancel(
    State(api): State<Api>,
    Id(deployment): Id<DeploymentId>,
) -> Result<StatusCode, Problem> {
    api.jobs.cancel(deployment).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn forget(
    State(api): State<Api>,
    Id(deployment): Id<DeploymentId>,
) -> Result<StatusCode, Problem> {
    api.jobs.forget(deployment).await?;
    Ok(StatusCode::NO_CONTENT)
}
