//! The dashboard: what the pages show, and the handlers that fill them.
//!
//! A handler reads the request, calls one use case and answers with a page from [`view`]
//! or with a 303 after a POST. Start reading at [`router`]; [`visit`] says who visits.

mod account;
mod answer;
mod app_fields;
mod deployments;
mod domains;
mod environments;
mod errors;
mod fields;
mod gate;
mod path;
mod places;
mod problems;
mod projects;
mod run_fields;
mod server;
mod service_settings;
mod services;
mod variable_fields;
pub mod view;
pub mod visit;
mod webhook;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use http::StatusCode;
use longshore_control::Control;

use crate::state::AgentQueries;

pub(crate) use answer::{PageError, refuse};
pub(crate) use errors::print_errors;

/// The page for a path that nothing answers.
pub(crate) async fn not_found() -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        "There is no such page. The address may be mistyped.",
    )
}

/// All pages.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Control: FromRef<S>,
    Arc<dyn AgentQueries>: FromRef<S>,
{
    routes()
        .into_iter()
        .fold(Router::new(), |router, (path, handlers)| {
            router.route(path, handlers)
        })
}

/// Every path of the pages with its handlers.
fn routes<S>() -> Vec<(&'static str, MethodRouter<S>)>
where
    S: Clone + Send + Sync + 'static,
    Control: FromRef<S>,
    Arc<dyn AgentQueries>: FromRef<S>,
{
    vec![
        ("/setup", get(gate::show_setup).post(gate::set_up)),
        ("/login", get(gate::show_login).post(gate::log_in)),
        ("/logout", post(gate::log_out)),
        ("/theme", post(gate::choose_theme)),
        ("/places", get(places::index)),
        ("/", get(projects::index)),
        ("/projects", post(projects::create)),
        ("/projects/new", get(projects::new)),
        ("/projects/{id}", get(projects::show)),
        ("/projects/{id}/settings", get(projects::settings)),
        ("/projects/{id}/rename", post(projects::rename)),
        (
            "/projects/{id}/environments",
            post(projects::add_environment),
        ),
        ("/projects/{id}/delete", post(projects::delete)),
        ("/environments/{id}", get(environments::show)),
        (
            "/environments/{id}/variables",
            get(environments::variables).post(environments::save_variables),
        ),
        ("/environments/{id}/apps", post(environments::create_app)),
        ("/environments/{id}/apps/new", get(environments::new_app)),
        ("/services/{id}", get(services::show)),
        ("/services/{id}/deploy", post(services::deploy)),
        ("/services/{id}/deployments", get(services::deployments)),
        (
            "/services/{id}/variables",
            get(services::variables).post(services::save_variables),
        ),
        (
            "/services/{id}/domains",
            get(domains::index).post(domains::create),
        ),
        (
            "/services/{id}/domains/{domain}/delete",
            post(domains::delete),
        ),
        ("/services/{id}/logs", get(services::logs)),
        (
            "/services/{id}/source",
            get(service_settings::source).post(service_settings::save_source),
        ),
        (
            "/services/{id}/run",
            get(service_settings::run).post(service_settings::save_run),
        ),
        (
            "/services/{id}/webhook",
            get(webhook::show).post(webhook::create),
        ),
        ("/services/{id}/danger", get(services::danger)),
        ("/services/{id}/stop", post(services::stop)),
        ("/services/{id}/start", post(services::start)),
        ("/services/{id}/restart", post(services::restart)),
        ("/services/{id}/delete", post(services::delete)),
        ("/deployments/{id}", get(deployments::show)),
        ("/deployments/{id}/lines", get(deployments::lines)),
        ("/deployments/{id}/cancel", post(deployments::cancel)),
        ("/deployments/{id}/rollback", post(deployments::roll_back)),
        ("/settings", get(account::show)),
        ("/settings/server", get(server::show)),
        ("/settings/password", post(account::change_password)),
        ("/settings/tokens", post(account::create_token)),
        ("/settings/tokens/{id}/delete", post(account::revoke_token)),
        (
            "/settings/sessions/delete",
            post(account::sign_out_everywhere),
        ),
    ]
}
