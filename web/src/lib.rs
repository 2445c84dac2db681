//! Everything HTTP: pages, JSON API, webhooks, server-sent events.
//!
//! A handler parses, calls one use case of `longshore-control` and answers; it holds no
//! rules and no SQL, and never waits for work to be done. Only `error` picks statuses.
//! Start reading at [`router`]; pages are in [`pages`], the API in [`api`].

pub mod api;
pub mod assets;
mod csrf;
mod error;
mod health;
mod hooks;
mod layers;
mod metrics;
mod origin;
pub mod pages;
mod peer;
mod session;
mod state;
mod stream;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::trace::TraceLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, SessionManagerLayer};

pub use state::{AgentQueries, Machine, TrustedProxy, WebSettings, WebState};

/// The cookie of a browser's session.
const SESSION_COOKIE: &str = "longshore_session";
/// A session that is not used for this long ends.
const SESSION_IDLE: Duration = Duration::days(7);

/// The whole HTTP side.
pub fn router(state: WebState) -> Router {
    let sessions = SessionManagerLayer::new(state.control.session_store())
        .with_name(SESSION_COOKIE)
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_secure(state.settings.secure_cookies)
        .with_expiry(Expiry::OnInactivity(SESSION_IDLE));
    let pages = pages::router().layer(from_fn(layers::protect_forms));
    let with_sessions = Router::new()
        .merge(pages)
        .merge(api::router())
        .layer(sessions);
    Router::new()
        .merge(with_sessions)
        .merge(hooks::router())
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route(&format!("{}{{name}}", assets::PREFIX), get(assets::show))
        .fallback(pages::not_found)
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn(pages::print_errors))
        .layer(from_fn_with_state(state.clone(), layers::around))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .with_state(state)
}

/// The span of a request: never its headers, its body or its query.
fn span(request: &http::Request<axum::body::Body>) -> tracing::Span {
    tracing::debug_span!("request", method = %request.method(), path = request.uri().path())
}
