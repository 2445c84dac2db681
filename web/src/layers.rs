//! Layers around every route: the client's address, security headers, protection of
//! forms, counting, and a calm answer to a panic.

use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use longshore_control::ControlError;
use tower_sessions::Session;
use uuid::Uuid;

use crate::api::Problem;
use crate::csrf;
use crate::limits;
use crate::pages::refuse;
use crate::peer::{self, ByHttps, Peer};
use crate::state::WebState;

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

/// The header with a request's id, in its answer and in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(pub(crate) Uuid);

/// Gives the request an id that is ours alone, and tells it in the answer.
pub(crate) async fn identify(mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7();
    request.extensions_mut().insert(RequestId(id));
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The span of a request: never its headers, its body or its query.
pub(crate) fn span(request: &Request) -> tracing::Span {
    let id = request.extensions().get::<RequestId>();
    tracing::debug_span!(
        "request",
        id = id.map(|id| tracing::field::display(id.0)),
        method = %request.method(),
        path = request.uri().path(),
    )
}

/// Answers a page's path that is asked in another way.
pub(crate) async fn wrong_method() -> Response {
    refuse(
        StatusCode::METHOD_NOT_ALLOWED,
        "This address does not take what was sent to it.",
    )
}

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
    let is_proxy = peer::is_proxy(connected, &parts.headers, &state.settings);
    let client = if is_proxy {
        peer::client(connected, &parts.headers, &state.settings.trusted_proxies)
    } else {
        connected
    };
    parts.extensions.insert(Peer(client));
    let public_url = state.control.settings().public_url.as_ref();
    let by_https = peer::by_https(&parts, is_proxy, public_url);
    parts.extensions.insert(by_https);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let headers = response.headers_mut();
    if by_https == ByHttps(true) {
        secure_cookies(headers);
    }
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

/// Lets browsers send our cookies back over https only.
fn secure_cookies(headers: &mut HeaderMap) {
    let header::Entry::Occupied(mut cookies) = headers.entry(header::SET_COOKIE) else {
        return;
    };
    for cookie in cookies.iter_mut() {
        let secured = [cookie.as_bytes(), b"; Secure"].concat();
        if let Ok(secured) = HeaderValue::from_bytes(&secured) {
            *cookie = secured;
        }
    }
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
    let most = limits::FORM_MAX_BYTES;
    let bytes = match limits::read(body, most).await {
        Ok(bytes) => bytes,
        Err(unread) => return refuse(unread.status(), &unread.sentence(most)),
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
    of_panic(panic.as_ref()).into_page()
}

/// The same for a call of the API.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over"
)]
pub(crate) fn panicked_call(panic: Box<dyn std::any::Any + Send>) -> Response {
    Problem::from(of_panic(panic.as_ref())).into_response()
}

fn of_panic(panic: &(dyn std::any::Any + Send)) -> ControlError {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words");
    ControlError::internal(words.to_owned())
}

trait IntoPage {
    fn into_page(self) -> Response;
}

impl IntoPage for ControlError {
    fn into_page(self) -> Response {
        crate::pages::PageError::from(self).into_response()
    }
}
