//! The dashboard: what the pages show, and the handlers that fill them.
//!
//! A handler reads the request, calls one use case and answers with a page from [`view`]
//! or with a 303 after a POST. Start reading at [`router`]; [`visit`] says who visits.

mod account;
mod answer;
mod app_fields;
mod certificates;
mod databases;
mod deployments;
mod domain_fields;
mod domains;
mod environments;
mod errors;
mod fields;
mod gate;
mod jobs;
mod path;
mod places;
mod problems;
mod projects;
mod registries;
mod roll_back;
mod run_fields;
mod scale_fields;
mod server;
mod server_domain;
mod service_settings;
mod services;
mod stacks;
mod storage;
mod terminal;
mod tunnels;
mod variable_fields;
pub mod view;
pub mod visit;
mod webhook;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use http::{Method, StatusCode};
use longshore_control::Control;

use crate::agreement::Agreement;
use crate::state::{AgentQueries, WebState};

pub(crate) use answer::{PageError, refuse};
pub(crate) use errors::print_errors;
pub(crate) use problems::in_words;

/// The page for a path that nothing answers.
pub(crate) async fn not_found() -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        "There is no such page. The address may be mistyped.",
    )
}

/// The method and path of every page, for whoever must know them all.
pub fn routes() -> Vec<(Method, &'static str)> {
    entries::<WebState>()
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect()
}

/// All pages.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Control: FromRef<S>,
    Arc<dyn AgentQueries>: FromRef<S>,
    Arc<Agreement>: FromRef<S>,
{
    entries()
        .into_iter()
        .fold(Router::new(), |router, (_, path, handler)| {
            router.route(path, handler)
        })
}

/// Every page: its method, its path and its handler.
fn entries<S>() -> Vec<(Method, &'static str, MethodRouter<S>)>
where
    S: Clone + Send + Sync + 'static,
    Control: FromRef<S>,
    Arc<dyn AgentQueries>: FromRef<S>,
    Arc<Agreement>: FromRef<S>,
{
    vec![
        (Method::GET, "/setup", get(gate::show_setup)),
        (Method::POST, "/setup", post(gate::set_up)),
        (Method::GET, "/login", get(gate::show_login)),
        (Method::POST, "/login", post(gate::log_in)),
        (Method::POST, "/logout", post(gate::log_out)),
        (Method::POST, "/theme", post(gate::choose_theme)),
        (Method::GET, "/places", get(places::index)),
        (Method::GET, "/", get(projects::index)),
        (Method::POST, "/projects", post(projects::create)),
        (Method::GET, "/projects/new", get(projects::new)),
        (Method::GET, "/projects/{id}", get(projects::show)),
        (
            Method::GET,
            "/projects/{id}/settings",
            get(projects::settings),
        ),
        (
            Method::GET,
            "/projects/{id}/variables",
            get(projects::variables),
        ),
        (
            Method::POST,
            "/projects/{id}/variables",
            post(projects::save_variables),
        ),
        (
            Method::POST,
            "/projects/{id}/rename",
            post(projects::rename),
        ),
        (
            Method::POST,
            "/projects/{id}/environments",
            post(projects::add_environment),
        ),
        (
            Method::POST,
            "/projects/{id}/delete",
            post(projects::delete),
        ),
        (Method::GET, "/environments/{id}", get(environments::show)),
        (
            Method::GET,
            "/environments/{id}/variables",
            get(environments::variables),
        ),
        (
            Method::POST,
            "/environments/{id}/variables",
            post(environments::save_variables),
        ),
        (
            Method::POST,
            "/environments/{id}/apps",
            post(environments::create_app),
        ),
        (
            Method::GET,
            "/environments/{id}/apps/new",
            get(environments::new_app),
        ),
        (
            Method::POST,
            "/environments/{id}/databases",
            post(databases::create),
        ),
        (
            Method::POST,
            "/environments/{id}/stacks",
            post(stacks::create),
        ),
        (
            Method::GET,
            "/environments/{id}/stacks/new",
            get(stacks::new),
        ),
        (
            Method::POST,
            "/environments/{id}/tunnels",
            post(tunnels::create),
        ),
        (
            Method::GET,
            "/environments/{id}/tunnels/new",
            get(tunnels::new),
        ),
        (Method::GET, "/services/{id}/stack", get(stacks::settings)),
        (
            Method::POST,
            "/services/{id}/stack",
            post(stacks::save_settings),
        ),
        (
            Method::GET,
            "/services/{id}/components",
            get(stacks::components),
        ),
        (
            Method::GET,
            "/environments/{id}/databases/new",
            get(databases::new),
        ),
        (
            Method::POST,
            "/services/{id}/connection",
            post(databases::connection),
        ),
        (
            Method::GET,
            "/services/{id}/database",
            get(databases::settings),
        ),
        (
            Method::POST,
            "/services/{id}/database",
            post(databases::save_settings),
        ),
        (
            Method::POST,
            "/services/{id}/password",
            post(databases::change_password),
        ),
        (Method::GET, "/registries", get(registries::index)),
        (Method::POST, "/registries", post(registries::create)),
        (Method::GET, "/registries/{id}", get(registries::show)),
        (Method::POST, "/registries/{id}", post(registries::update)),
        (
            Method::POST,
            "/registries/{id}/delete",
            post(registries::delete),
        ),
        (Method::GET, "/certificates", get(certificates::index)),
        (Method::POST, "/certificates", post(certificates::create)),
        (
            Method::POST,
            "/certificates/{id}/delete",
            post(certificates::delete),
        ),
        (
            Method::POST,
            "/dns-providers",
            post(certificates::create_provider),
        ),
        (
            Method::POST,
            "/dns-providers/{id}/delete",
            post(certificates::delete_provider),
        ),
        (
            Method::POST,
            "/services/{id}/domains/{domain}/certificate/retry",
            post(domains::retry_certificate),
        ),
        (Method::GET, "/storage", get(storage::index)),
        (
            Method::POST,
            "/storage/kept/{id}/delete",
            post(storage::delete_kept),
        ),
        (Method::GET, "/services/{id}/storage", get(storage::show)),
        (Method::POST, "/services/{id}/storage", post(storage::save)),
        (Method::GET, "/services/{id}", get(services::show)),
        (
            Method::POST,
            "/services/{id}/deploy",
            post(services::deploy),
        ),
        (
            Method::GET,
            "/services/{id}/deployments",
            get(services::deployments),
        ),
        (
            Method::GET,
            "/services/{id}/variables",
            get(services::variables),
        ),
        (
            Method::POST,
            "/services/{id}/variables",
            post(services::save_variables),
        ),
        (Method::GET, "/services/{id}/domains", get(domains::index)),
        (
            Method::POST,
            "/services/{id}/domains",
            post(domains::create),
        ),
        (
            Method::POST,
            "/services/{id}/test-domain",
            post(domains::create_test),
        ),
        (
            Method::GET,
            "/services/{id}/domains/{domain}",
            get(domains::show),
        ),
        (
            Method::POST,
            "/services/{id}/domains/{domain}",
            post(domains::save),
        ),
        (
            Method::POST,
            "/services/{id}/domains/{domain}/twin",
            post(domains::create_twin),
        ),
        (
            Method::POST,
            "/services/{id}/domains/{domain}/delete",
            post(domains::delete),
        ),
        (Method::GET, "/services/{id}/logs", get(services::logs)),
        (Method::GET, "/services/{id}/terminal", get(terminal::show)),
        (
            Method::GET,
            "/services/{id}/terminal/socket",
            get(terminal::socket),
        ),
        (
            Method::POST,
            "/projects/{id}/terminals",
            post(terminal::allow),
        ),
        (
            Method::GET,
            "/services/{id}/source",
            get(service_settings::source),
        ),
        (
            Method::POST,
            "/services/{id}/source",
            post(service_settings::save_source),
        ),
        (
            Method::GET,
            "/services/{id}/run",
            get(service_settings::run),
        ),
        (
            Method::POST,
            "/services/{id}/run",
            post(service_settings::save_run),
        ),
        (
            Method::POST,
            "/services/{id}/health/test",
            post(service_settings::test_health),
        ),
        (Method::GET, "/services/{id}/webhook", get(webhook::show)),
        (
            Method::POST,
            "/services/{id}/webhook",
            post(webhook::create),
        ),
        (Method::GET, "/services/{id}/danger", get(services::danger)),
        (Method::POST, "/services/{id}/stop", post(services::stop)),
        (Method::POST, "/services/{id}/start", post(services::start)),
        (
            Method::POST,
            "/services/{id}/restart",
            post(services::restart),
        ),
        (
            Method::POST,
            "/services/{id}/delete",
            post(services::delete),
        ),
        (Method::GET, "/services/{id}/jobs", get(jobs::index)),
        (Method::POST, "/services/{id}/jobs", post(jobs::create)),
        (Method::GET, "/jobs/{id}", get(jobs::show)),
        (Method::POST, "/jobs/{id}/cancel", post(jobs::cancel)),
        (Method::GET, "/deployments/{id}", get(deployments::show)),
        (
            Method::GET,
            "/deployments/{id}/lines",
            get(deployments::lines),
        ),
        (
            Method::POST,
            "/deployments/{id}/cancel",
            post(deployments::cancel),
        ),
        (
            Method::GET,
            "/deployments/{id}/rollback",
            get(roll_back::ask),
        ),
        (
            Method::POST,
            "/deployments/{id}/rollback",
            post(roll_back::roll_back),
        ),
        (Method::GET, "/settings", get(account::show)),
        (Method::GET, "/settings/server", get(server::show)),
        (
            Method::POST,
            "/settings/server/domain",
            post(server_domain::save),
        ),
        (
            Method::POST,
            "/settings/server/domain/delete",
            post(server_domain::remove),
        ),
        (
            Method::POST,
            "/settings/server/domain/certificate/retry",
            post(server_domain::retry_certificate),
        ),
        (
            Method::POST,
            "/settings/password",
            post(account::change_password),
        ),
        (
            Method::POST,
            "/settings/tokens",
            post(account::create_token),
        ),
        (
            Method::POST,
            "/settings/tokens/{id}/delete",
            post(account::revoke_token),
        ),
        (
            Method::POST,
            "/settings/sessions/delete",
            post(account::sign_out_everywhere),
        ),
    ]
}
