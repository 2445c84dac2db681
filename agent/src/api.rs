//! The agent API over HTTP. Handlers read the request, call one function, answer.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post, put};

use crate::config::Config;
use crate::jobs::Jobs;
use crate::machine::Machine;
use crate::reconcile::Reconciler;
use crate::tasks::Tasks;

mod body;
mod certificates;
mod events;
mod host;
mod jobs;
mod once;
mod problem;
mod protocol;
mod registries;
mod services;
mod socket;
pub(crate) mod terminal;
mod uploads;

pub use socket::{Lock, Socket, SocketError};

/// The largest specification, in bytes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// What the handlers work with.
#[derive(Clone)]
pub struct Api {
    /// The settings.
    pub config: Arc<Config>,
    /// All jobs.
    pub jobs: Arc<Jobs>,
    /// Git, Docker and the proxy.
    pub machine: Arc<dyn Machine>,
    /// The reconciler.
    pub reconciler: Arc<Reconciler>,
    /// Old versions that are to go.
    pub drains: Arc<crate::drain::Drains>,
    /// The background tasks; open streams end with them.
    pub tasks: Tasks,
}

/// All calls of the agent API.
pub fn router(api: Api) -> Router {
    Router::new()
        .route(
            "/v1/jobs/{deployment}",
            put(jobs::put).get(jobs::show).delete(jobs::cancel),
        )
        .route("/v1/jobs/{deployment}/events", get(jobs::events))
        .route("/v1/jobs/{deployment}/forget", post(jobs::forget))
        .route(
            "/v1/services/{service}",
            get(services::show).delete(services::remove),
        )
        .route("/v1/services/{service}/routes", put(services::set_routes))
        .route("/v1/services/{service}/running", put(services::set_running))
        .route("/v1/services/{service}/probe", post(services::probe))
        .route("/v1/services/{service}/command", post(services::command))
        .route("/v1/services/{service}/log", get(services::log))
        .route("/v1/services/{service}/terminal", get(terminal::open))
        .route(
            "/v1/services/{service}/versions/{number}/ends",
            get(services::ends),
        )
        .route(
            "/v1/services/{service}/once/{job}",
            put(once::put).get(once::show).delete(once::remove),
        )
        .route("/v1/repositories/check", post(host::check_repository))
        .route("/v1/registries/check", post(registries::check))
        .route("/v1/volumes", get(host::volumes))
        .route("/v1/uploads", post(uploads::receive))
        .route(
            "/v1/certificates",
            put(certificates::put).get(certificates::list),
        )
        .route("/v1/certificates/{host}/retry", post(certificates::retry))
        .route("/v1/desired", put(host::reconcile))
        .route_layer(middleware::from_fn(protocol::demand_same_version))
        // Answers everybody, so that a server learns which protocol it meets.
        .route("/v1/info", get(host::info))
        .fallback(problem::no_such_call)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(middleware::from_fn(protocol::state_version))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(api)
}
