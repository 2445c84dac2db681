//! Every route with who may use it, for whoever must know them all.
//!
//! Each router is built from the same list that this one is gathered from: `pages` from
//! its entries, the API from its described handlers, the rest from [`plain`]. A route that
//! is not in here cannot exist.

use axum::Json;
use axum::routing::{MethodRouter, get, post};
use http::Method;
use utoipa::openapi::path::PathItem;

use crate::state::WebState;
use crate::{api, assets, health, hooks, pages};

/// Who may use a route; roles are checked behind it, by the use cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everybody.
    Public,
    /// Who is signed in, in a browser; others are sent to the sign-in page.
    Session,
    /// Who sends an API token, or is signed in and sends the session's token along.
    Api,
    /// A Git host that signs what it sends.
    Hook,
    /// Programs on the same machine.
    Machine,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with names in braces for its variable parts.
    pub path: String,
    /// Who may use it.
    pub access: Access,
}

/// Pages for people that are not signed in.
const GATE: [&str; 4] = ["/setup", "/login", "/logout", "/theme"];

/// Every route of the router.
pub fn routes() -> Vec<Route> {
    let pages = pages::routes().into_iter().map(|(method, path)| Route {
        method,
        access: if GATE.contains(&path) {
            Access::Public
        } else {
            Access::Session
        },
        path: path.to_owned(),
    });
    let calls = api::document()
        .paths
        .paths
        .into_iter()
        .flat_map(|(path, item)| {
            methods(&item).into_iter().map(move |method| Route {
                method,
                path: path.clone(),
                access: Access::Api,
            })
        });
    let others = plain().into_iter().map(|(method, path, access, _)| Route {
        method,
        path,
        access,
    });
    pages.chain(calls).chain(others).collect()
}

/// Routes that are neither pages nor described calls, with their handlers.
pub(crate) fn plain() -> Vec<(Method, String, Access, MethodRouter<WebState>)> {
    use Access::{Hook, Machine, Public};

    let asset = format!("{}{{name}}", assets::PREFIX);
    let description = "/api/v1/openapi.json".to_owned();
    let hook = "/hooks/{provider}/{hook}".to_owned();
    vec![
        (
            Method::GET,
            "/healthz".to_owned(),
            Public,
            get(health::live),
        ),
        (
            Method::GET,
            "/readyz".to_owned(),
            Public,
            get(health::ready),
        ),
        (
            Method::GET,
            "/metrics".to_owned(),
            Machine,
            get(health::metrics),
        ),
        (Method::GET, asset, Public, get(assets::show)),
        (Method::GET, description, Public, get(describe)),
        (Method::POST, hook, Hook, post(hooks::receive)),
    ]
}

async fn describe() -> Json<utoipa::openapi::OpenApi> {
    Json(api::document())
}

fn methods(item: &PathItem) -> Vec<Method> {
    [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ]
    .into_iter()
    .filter(|(_, operation)| operation.is_some())
    .map(|(method, _)| method)
    .collect()
}
