//! Calls about commands that run once.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use longshore_agent_api::{OnceRequest, OnceStatus};
use longshore_domain::{JobId, ServiceId};

use super::Api;
use super::body::Body;
use super::problem::Problem;

pub(super) async fn put(
    State(api): State<Api>,
    Path((service, job)): Path<(ServiceId, JobId)>,
    Body(request): Body<OnceRequest>,
) -> Result<StatusCode, Problem> {
    if request.version.service != service {
        return Err(Problem::missing("the version is of another service"));
    }
    api.machine.start_once(job, &request).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn show(
    State(api): State<Api>,
    Path((_, job)): Path<(ServiceId, JobId)>,
) -> Result<Json<OnceStatus>, Problem> {
    Ok(Json(api.machine.once_status(job).await?))
}

pub(super) async fn remove(
    State(api): State<Api>,
    Path((_, job)): Path<(ServiceId, JobId)>,
) -> Result<StatusCode, Problem> {
    api.machine.remove_once(job).await?;
    Ok(StatusCode::NO_CONTENT)
}
