//! Webhooks of Git hosts: the raw bytes, the sender's headers, a decision.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use longshore_control::{Control, HookError, HookHeaders, Provider};
use longshore_domain::HookId;
use url::form_urlencoded;

use crate::api::Problem;
use crate::limits;

/// `POST /hooks/{provider}/{hook}`: takes a delivery and says what was decided.
pub(crate) async fn receive(
    State(control): State<Control>,
    Path((provider, hook)): Path<(String, String)>,
    request: Request,
) -> Response {
    let unknown = || Problem::new(StatusCode::NOT_FOUND, "There is no such hook.").into_response();
    let (Some(provider), Ok(hook)) = (Provider::from_name(&provider), hook.parse::<HookId>())
    else {
        return unknown();
    };
    let sent = match provider {
        Provider::Registry => registry(request.uri(), request.headers()),
        _ => sender(provider, request.headers()),
    };
    let most = limits::DELIVERY_MAX_BYTES;
    let body = match limits::read(request.into_body(), most).await {
        Ok(body) => body,
        Err(unread) => {
            return Problem::new(unread.status(), unread.sentence(most)).into_response();
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

/// A registry sends the secret itself: in the URL where it cannot set a header.
fn registry(uri: &Uri, headers: &HeaderMap) -> HookHeaders {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim().to_owned());
    let in_url = || {
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .find(|(name, _)| name == "token")
            .map(|(_, token)| token.into_owned())
    };
    HookHeaders {
        event: Some("push".to_owned()),
        delivery: None,
        signature: bearer.or_else(in_url),
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
        Provider::Generic | Provider::Registry => (
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
