//! Jobs that run once.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::{Control, JobDraft};
use longshore_domain::{JobId, ServiceId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{Job, List, NewJob};

/// The jobs of a service, the newest first.
#[utoipa::path(get, path = "/api/v1/services/{id}/jobs", params(("id" = String, Path)),
    responses((status = 200, body = List<Job>)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<Json<List<Job>>, Problem> {
    Ok(Json(List::whole(control.list_jobs(&caller.0, id).await?)))
}

/// Runs a command once in a container of the live image.
#[utoipa::path(post, path = "/api/v1/services/{id}/jobs", params(("id" = String, Path)),
    request_body = NewJob, responses((status = 202, body = Job), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<NewJob>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let draft = JobDraft {
        command: body.command,
        timeout_seconds: body.timeout_seconds,
    };
    let job = control.request_job(&caller.0, id, draft).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// A job with what it wrote.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Job)))]
pub(super) async fn show(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<JobId>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(control.show_job(&caller.0, id).await?.into()))
}

/// Ends a job.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/cancel", params(("id" = String, Path)),
    responses((status = 202, body = Job)))]
pub(super) async fn cancel(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<JobId>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    let job = control.cancel_job(&caller.0, id).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}
