//! Everything HTTP: pages, JSON API, webhooks, server-sent events.
//!
//! A handler parses, calls one use case of `longshore-control` and answers; it holds no
//! rules and no SQL, and never waits for work to be done. Only `error` picks statuses.
//! Start reading at [`router`]; pages are in [`pages`], the API in [`api`].

mod agreement;
pub mod api;
pub mod assets;
mod csrf;
mod error;
mod health;
mod hooks;
mod layers;
mod limits;
mod metrics;
mod origin;
pub mod pages;
mod password;
mod peer;
mod routes;
mod session;
mod stacks;
mod state;
mod storage;
mod stream;
pub mod terminal;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;

pub use agreement::{Agreement, Comparison, Difference};
pub use metrics::Metrics;
pub use routes::{Access, Route, routes};
pub use state::{AgentQueries, Machine, TrustedProxy, VersionState, WebSettings, WebState};

/// The whole HTTP side.
pub fn router(state: WebState) -> Router {
    let pages = pages::router()
        .method_not_allowed_fallback(layers::wrong_method)
        .layer(from_fn(layers::protect_forms))
        .layer(from_fn(limits::bound_forms));
    let with_sessions = Router::new()
        .merge(pages)
        .merge(api::router())
        .layer(from_fn(session::keep))
        .layer(session::layer(&state));
    let plain = routes::plain()
        .into_iter()
        .fold(Router::new(), |router, (_, path, _, handler)| {
            router.route(&path, handler)
        })
        .layer(from_fn(limits::bound_deliveries));
    Router::new()
        .merge(with_sessions)
        .merge(plain)
        .fallback(pages::not_found)
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn(pages::print_errors))
        .layer(from_fn_with_state(state.clone(), layers::around))
        .layer(TraceLayer::new_for_http().make_span_with(layers::span))
        .layer(from_fn(layers::identify))
        .with_state(state)
}
