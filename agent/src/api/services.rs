//! Calls about what runs.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use longshore_agent_api::{
    CommandEnd, ContainerCommand, HealthTrial, HealthVerdict, RouteUpdate, RunningUpdate,
    ServiceStatus, VersionEnds,
};
use longshore_domain::ServiceId;
use serde::Deserialize;

use super::body::{Body, Id};
use super::problem::Problem;
use super::{Api, events};

/// The most lines of the past that a log shows.
const LONGEST_TAIL: u32 = 10_000;

pub(super) async fn show(
    State(api): State<Api>,
    Id(service): Id<ServiceId>,
) -> Result<Json<ServiceStatus>, Problem> {
    let versions = api.machine.versions(service).await?;
    Ok(Json(ServiceStatus { service, versions }))
}

pub(super) async fn ends(
    State(api): State<Api>,
    Path((service, number)): Path<(ServiceId, i32)>,
) -> Result<Json<VersionEnds>, Problem> {
    Ok(Json(api.machine.ends(service, number).await?))
}

pub(super) async fn set_routes(
    State(api): State<Api>,
    Id(service): Id<ServiceId>,
    Body(update): Body<RouteUpdate>,
) -> Result<StatusCode, Problem> {
    api.machine.set_routes(service, &update).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn set_running(
    State(api): State<Api>,
    Id(service): Id<ServiceId>,
    Body(update): Body<RunningUpdate>,
) -> Result<StatusCode, Problem> {
    api.machine.set_running(service, &update).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn probe(
    State(api): State<Api>,
    Id(service): Id<ServiceId>,
    Body(trial): Body<HealthTrial>,
) -> Result<Json<HealthVerdict>, Problem> {
    Ok(Json(api.machine.try_health(service, &trial).await?))
}

pub(super) async fn command(
    State(api): State<Api>,
    Id(service): Id<ServiceId>,
    Body(command): Body<ContainerCommand>,
) -> Result<Json<CommandEnd>, Problem> {
    Ok(Json(api.machine.command(service, &command).await?))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Removal {
    volumes: bool,
}

pub(super) async fn remove(
    State(api): State<Api>,
    Id(service): Id<ServiceId>,
    Query(removal): Query<Removal>,
) -> Result<StatusCode, Problem> {
    api.jobs.cancel_service(service).await?;
    api.machine.remove_service(service, removal.volumes).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(default)]
pub(super) struct LogQuery {
    tail: u32,
    follow: bool,
}

impl Default for LogQuery {
    fn default() -> Self {
        Self {
            tail: 200,
            follow: true,
        }
    }
}

pub(super) async fn log(
    State(api): State<Api>,
    Id(service): Id<ServiceId>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Problem> {
    let number = live_number(&api, service).await?;
    let lines = api
        .machine
        .container_log(service, number, query.tail.min(LONGEST_TAIL), query.follow)
        .await?;
    Ok(events::lines(lines, api.tasks.stopping().clone()))
}

/// The newest version that neither starts nor drains.
async fn live_number(api: &Api, service: ServiceId) -> Result<i32, Problem> {
    let versions = api.machine.versions(service).await?;
    versions
        .iter()
        .map(|version| version.number)
        .max_by_key(|number| {
            let is_live =
                !api.drains.contains(service, *number) && !api.jobs.is_unfinished(service, *number);
            (is_live, *number)
        })
        .ok_or_else(|| Problem::missing("nothing runs of this service"))
}
