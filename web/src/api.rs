//! The JSON API under `/api/v1`.
//!
//! One module a resource; each handler parses, calls one use case and answers. Errors
//! are problem details ([`problem`]); [`caller`] says who asks.

mod apps;
mod caller;
mod certificates;
mod dashboard;
mod databases;
mod deployments;
mod domains;
mod extract;
mod health;
mod jobs;
mod logs;
mod model;
mod problem;
mod projects;
mod registries;
mod stacks;
mod storage;
mod tokens;
mod tunnels;
mod uploads;
mod variables;
mod webhook;

use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use problem::Problem;

use crate::layers;
use crate::limits;
use crate::state::WebState;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Longshore",
        description = "Everything that the dashboard can do. Authenticate with `Authorization: Bearer <token>`; errors are problem details (RFC 9457).",
    ),
    modifiers(&BearerTokens),
    security(("token" = []))
)]
struct Document;

struct BearerTokens;

impl utoipa::Modify for BearerTokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

fn described() -> OpenApiRouter<WebState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(projects::index, projects::create))
        .routes(routes!(projects::show, projects::update, projects::destroy))
        .routes(routes!(projects::allow_terminals))
        .routes(routes!(projects::create_environment))
        .routes(routes!(
            projects::show_environment,
            projects::destroy_environment
        ))
        .routes(routes!(apps::index))
        .routes(routes!(apps::create))
        .routes(routes!(tunnels::create))
        .routes(routes!(stacks::create))
        .routes(routes!(stacks::update))
        .routes(routes!(stacks::components))
        .routes(routes!(databases::create))
        .routes(routes!(databases::connection))
        .routes(routes!(databases::update))
        .routes(routes!(databases::change_password))
        .routes(routes!(storage::index))
        .routes(routes!(storage::destroy_kept))
        .routes(routes!(apps::show, apps::update, apps::destroy))
        .routes(routes!(apps::stop))
        .routes(routes!(apps::start))
        .routes(routes!(apps::restart))
        .routes(routes!(health::test))
        .routes(routes!(uploads::create))
        .routes(routes!(apps::forget_host_key))
        .routes(routes!(
            variables::index,
            variables::replace,
            variables::merge
        ))
        .routes(routes!(
            variables::index_of_environment,
            variables::replace_of_environment
        ))
        .routes(routes!(
            variables::index_of_project,
            variables::replace_of_project
        ))
        .routes(routes!(domains::index, domains::create))
        .routes(routes!(domains::show, domains::update, domains::destroy))
        .routes(routes!(certificates::index, certificates::create))
        .routes(routes!(certificates::destroy))
        .routes(routes!(
            certificates::index_of_providers,
            certificates::create_provider
        ))
        .routes(routes!(certificates::destroy_provider))
        .routes(routes!(certificates::show))
        .routes(routes!(certificates::retry))
        .routes(routes!(
            dashboard::show,
            dashboard::replace,
            dashboard::destroy
        ))
        .routes(routes!(dashboard::retry_certificate))
        .routes(routes!(domains::create_twin))
        .routes(routes!(domains::create_test))
        .routes(routes!(deployments::index, deployments::create))
        .routes(routes!(deployments::show))
        .routes(routes!(deployments::cancel))
        .routes(routes!(deployments::roll_back))
        .routes(routes!(logs::of_deployment))
        .routes(routes!(logs::of_service))
        .routes(routes!(jobs::index, jobs::create))
        .routes(routes!(jobs::show))
        .routes(routes!(jobs::cancel))
        .routes(routes!(webhook::show, webhook::create))
        .routes(routes!(webhook::deliveries))
        .routes(routes!(registries::index, registries::create))
        .routes(routes!(registries::update, registries::destroy))
        .routes(routes!(tokens::index, tokens::create))
        .routes(routes!(tokens::destroy))
}

/// The description of the API.
pub fn document() -> utoipa::openapi::OpenApi {
    described().into_openapi()
}

/// All routes of the API.
pub(crate) fn router() -> axum::Router<WebState> {
    let (router, _) = described().split_for_parts();
    router
        .route("/api", any(unknown))
        .route("/api/{*path}", any(unknown))
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(layers::panicked_call))
        .layer(from_fn(limits::bound_calls))
        .layer(from_fn(problem::describe))
}

async fn unknown() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "There is no such call.").into_response()
}

async fn wrong_method() -> Response {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This path does not take this method.",
    )
    .into_response()
}
