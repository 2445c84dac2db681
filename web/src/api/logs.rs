//! Logs, as server-sent events or as text, by `Accept`.

#![expect(
    unused_qualifications,
    reason = "the description of query parameters expands to full paths"
)]

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use longshore_domain::{DeploymentId, ServiceId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Problem;
use super::caller::Caller;
use super::extract::{Asked, Id};
use crate::state::WebState;
use crate::{stacks, stream};

/// The most lines that are shown before the live ones.
const TAIL_MAX: u32 = 10_000;

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Begin {
    /// Only lines behind this sequence number; `Last-Event-ID` counts more.
    after: Option<i64>,
    /// Only this many of the last lines, then live.
    tail: Option<u32>,
    /// For text: go on live (container logs only).
    follow: Option<bool>,
    /// Only the lines of this component (container logs of stacks only).
    component: Option<String>,
}

/// The log of a deployment: `text/event-stream` (events `line`, `status` and `end`, ids
/// to resume) or `text/plain`.
#[utoipa::path(get, path = "/api/v1/deployments/{id}/log", params(("id" = String, Path), Begin),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(super) async fn of_deployment(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<DeploymentId>,
    Asked(from): Asked<Begin>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Whoever may not see it learns so before the stream begins.
    state.control.show_deployment(&caller.0, id).await?;
    let mut after = resume(&headers).or(from.after).unwrap_or(0);
    if let Some(tail) = from.tail.filter(|_| after == 0) {
        let lines = state
            .control
            .log_tail(&caller.0, id, tail.min(TAIL_MAX) as usize)
            .await?;
        after = lines.first().map_or(0, |line| line.sequence - 1);
    }
    let control = state.control.clone();
    if wants_events(&headers) {
        Ok(stream::deployment_events(control, caller.0, id, after).into_response())
    } else {
        Ok(stream::deployment_text(control, caller.0, id, after).into_response())
    }
}

/// The live log of a service's containers, in the same two forms.
#[utoipa::path(get, path = "/api/v1/services/{id}/log", params(("id" = String, Path), Begin),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(super) async fn of_service(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<ServiceId>,
    Asked(from): Asked<Begin>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Loads the service by team: a stranger gets 404 before the agent is asked.
    let service = state.control.show_service(&caller.0, id).await?;
    let tail = from.tail.unwrap_or(200).min(TAIL_MAX);
    let events = wants_events(&headers);
    let follow = from.follow.unwrap_or(events);
    let component = from.component.as_deref();
    let lines = stacks::log(&*state.agent, &service, component, tail, follow).await?;
    Ok(if events {
        stream::container_events(lines, resume(&headers).unwrap_or(0)).into_response()
    } else {
        stream::container_text(lines).into_response()
    })
}

fn wants_events(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"))
}

fn resume(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}
