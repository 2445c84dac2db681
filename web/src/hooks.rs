//! Webhooks of Git hosts: the raw bytes, the sender's headers, a decision.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use longshore_control::{Control, HookError, HookHeaders, Provider};
use longshore_domain::HookId;

use crate::api::Problem;
use crate::state::WebState;

/// The largest delivery. GitHub sends at most 25 MB, and pushes far less.
const DELIVERY_MAX_BYTES: usize = 25 * 1024 * 1024;

/// The routes of webhooks.
pub(crate) fn router() -> axum::Router<WebState> {
    axum::Router::new()
        .route("/hooks/{provider}/{hook}", post(receive))
        .layer(DefaultBodyLimit::max(DELIVERY_MAX_BYTES))
}

async fn receive(
    State(control): State<Control>,
    Path((provider, hook)): Path<(String, String)>,
    request: Request,
) -> Response {
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "There is no such hook.").into_response();
    let (Some(provider), Ok(hook)) = (Provider::from_name(&provider), hook.parse::<HookId>())
    else {
        return unknown();
    };
    let sent = sender(provider, request.headers());
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => {
            let words = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "The delivery is larger than 25 MiB.",
                _ => "The body ended early.",
            };
            return Problem::new(rejection.status(), words).into_response();
        }
    };
    match control.receive_push(hook, provider, &sent, &body).await {
        Ok(answer) => (StatusCode::ACCEPTED, Json(answer)).into_response(),
        Err(HookError::UnknownHook) => unknown(),
        Err(HookError::BadSignature) => Problem::new(
            StatusCode::UNAUTHORIZED,
            "The signature is missing or wrong; check the hook's secret.",
        )
        .into_response(),
        Err(HookError::Malformed(why)) => {
            Problem::new(StatusCode::BAD_REQUEST, why).into_response()
        }
        Err(HookError::Control(error)) => Problem::from(error).into_response(),
    }
}

/// What the sender says beside the body; each host has its own names.
fn sender(provider: Provider, headers: &HeaderMap) -> HookHeaders {
    let get = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let (event, delivery, signature) = match provider {
        Provider::Github => ("x-github-event", "x-github-delivery", "x-hub-signature-256"),
        Provider::Gitlab => ("x-gitlab-event", "x-gitlab-event-uuid", "x-gitlab-token"),
        Provider::Gitea => ("x-gitea-event", "x-gitea-delivery", "x-gitea-signature"),
        Provider::Bitbucket => ("x-event-key", "x-request-uuid", "x-hub-signature"),
        Provider::Generic => (
            "x-longshore-event",
            "x-longshore-delivery",
            "x-longshore-signature-256",
        ),
    };
    HookHeaders {
        event: get(event),
        delivery: get(delivery),
        signature: get(signature),
    }
}
