//! Who calls: a token, or a browser that is signed in.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use http::{Method, StatusCode, header};
use longshore_control::{Actor, Control, ControlError};
use tower_sessions::Session;

use super::Problem;
use crate::csrf;

/// Somebody who may call the API.
pub(crate) struct Caller(pub(crate) Actor);

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Control: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let control = Control::from_ref(state);
        if let Some(given) = parts.headers.get(header::AUTHORIZATION) {
            let token = given
                .to_str()
                .ok()
                .and_then(|text| text.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map(|(_, token)| token.trim())
                .ok_or(ControlError::Unauthenticated)?;
            let actor = match control.actor_for_token(token).await {
                Err(ControlError::NotFound) => Err(ControlError::Unauthenticated),
                other => other,
            }?;
            return Ok(Self(actor));
        }
        let Some(session) = parts.extensions.get::<Session>().cloned() else {
            return Err(ControlError::Unauthenticated.into());
        };
        let user = crate::session::user(&session)
            .await?
            .ok_or(ControlError::Unauthenticated)?;
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            let token = parts
                .headers
                .get(csrf::HEADER)
                .and_then(|value| value.to_str().ok());
            if !csrf::check(&session, token).await? {
                return Err(Problem::new(
                    StatusCode::FORBIDDEN,
                    "A browser must send its session's token in X-CSRF-Token.",
                ));
            }
        }
        match control.actor_for_user(user).await {
            Ok(actor) => Ok(Self(actor)),
            Err(ControlError::NotFound) => Err(ControlError::Unauthenticated.into()),
            Err(error) => Err(error.into()),
        }
    }
}
