//! Each side says its protocol version.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use longshore_agent_api::{PROTOCOL_HEADER, PROTOCOL_VERSION};
use longshore_domain::FailureKind;

use super::problem::Problem;

/// Refuses requests that do not say this agent's protocol version.
pub(super) async fn demand_same_version(request: Request, next: Next) -> Response {
    let theirs = request
        .headers()
        .get(PROTOCOL_HEADER)
        .and_then(|value| value.to_str().ok());
    if theirs.and_then(|version| version.parse().ok()) == Some(PROTOCOL_VERSION) {
        return next.run(request).await;
    }
    let message = match theirs {
        Some(theirs) => format!("this agent speaks protocol {PROTOCOL_VERSION}, not {theirs}"),
        None => format!("the header {PROTOCOL_HEADER} is missing"),
    };
    Problem::new(StatusCode::UPGRADE_REQUIRED, FailureKind::Internal, message).into_response()
}

/// States this agent's protocol version in every answer.
pub(super) async fn state_version(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(
        HeaderName::from_static(PROTOCOL_HEADER),
        HeaderValue::from(PROTOCOL_VERSION),
    );
    response
}
