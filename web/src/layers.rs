//! Layers around every route: the client's address, security headers, protection of
//! forms, counting, and a calm answer to a panic.

use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use longshore_control::ControlError;
use tower_sessions::Session;

use crate::csrf;
use crate::pages::refuse;
use crate::peer::{self, Peer};
use crate::state::WebState;

/// The largest form.
const FORM_MAX_BYTES: usize = 2 * 1024 * 1024;

/// Everything is refused but what our own pages use.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
];

/// Notes the client's address, counts the answer, and adds the headers that protect it.
pub(crate) async fn around(
    State(state): State<WebState>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let (mut parts, body) = request.into_parts();
    let connected = peer::connected(&parts);
    let client = peer::client(connected, &parts.headers, &state.settings.trusted_proxies);
    parts.extensions.insert(Peer(client));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    state
        .metrics
        .answered(&method, response.status().as_u16(), began.elapsed());
    response
}

/// Lets a page's form through only with the token of its own session, and never from
/// another site.
pub(crate) async fn protect_forms(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let elsewhere = request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    if elsewhere {
        return refuse(
            StatusCode::FORBIDDEN,
            "This form was sent from another site.",
        );
    }
    let Some(session) = request.extensions().get::<Session>().cloned() else {
        return ControlError::internal("there is no session layer").into_page();
    };
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, FORM_MAX_BYTES).await else {
        return refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The form is larger than 2 MiB.",
        );
    };
    let given = parts
        .headers
        .get(csrf::HEADER)
        .and_then(|value| value.to_str().ok().map(str::to_owned))
        .or_else(|| csrf::of_form(&bytes));
    match csrf::check(&session, given.as_deref()).await {
        Ok(true) => {
            next.run(Request::from_parts(parts, Body::from(bytes)))
                .await
        }
        Ok(false) => refuse(
            StatusCode::FORBIDDEN,
            "The form is out of date. Go back, reload the page and send it again.",
        ),
        Err(error) => error.into_page(),
    }
}

/// Answers a panic like any other error of ours; the log has the details.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
        .to_owned();
    ControlError::internal(words).into_page()
}

trait IntoPage {
    fn into_page(self) -> Response;
}

impl IntoPage for ControlError {
    fn into_page(self) -> Response {
        crate::pages::PageError::from(self).into_response()
    }
}
