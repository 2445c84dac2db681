//! Liveness, readiness and metrics.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;

use crate::peer::Peer;
use crate::state::WebState;

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// What does not answer, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

/// `GET /healthz`: the process answers.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: database and agent answer too.
pub(crate) async fn ready(State(state): State<WebState>) -> Response {
    let (database, agent) = tokio::join!(state.control.check_database(), state.agent.trouble());
    let mut missing = Vec::new();
    if database.is_err() {
        missing.push("The database does not answer.".to_owned());
    }
    missing.extend(agent);
    let ready = missing.is_empty();
    state.metrics.set_ready(ready);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Readiness { ready, missing })).into_response()
}

/// `GET /metrics`: for Prometheus on the same machine; from elsewhere it is not there.
pub(crate) async fn metrics(
    peer: Peer,
    headers: HeaderMap,
    State(state): State<WebState>,
) -> Response {
    // A proxy on this machine that nobody configured speaks for others too.
    let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host"]
        .iter()
        .any(|name| headers.contains_key(*name));
    if forwarded || !peer.0.to_canonical().is_loopback() {
        return crate::pages::not_found().await;
    }
    match state.control.count_deployments().await {
        Ok(counts) => state.metrics.set_deployments(&counts),
        Err(error) => tracing::debug!(%error, "deployments cannot be counted"),
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], state.metrics.text()).into_response()
}
