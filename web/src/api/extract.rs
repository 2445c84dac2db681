//! Bodies, identifiers and queries, with problems that name what is wrong.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::Problem;
use crate::limits;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| {
                let essence = kind.split(';').next().unwrap_or_default().trim();
                essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json")
            });
        let most = limits::CALL_MAX_BYTES;
        let bytes = limits::read(request.into_body(), most)
            .await
            .map_err(|unread| Problem::new(unread.status(), unread.sentence(most)))?;
        if !is_json && !bytes.is_empty() {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send the body as JSON, with “Content-Type: application/json”.",
            ));
        }
        // A call whose fields are all optional may come without a body.
        let text = if bytes.is_empty() {
            b"{}".as_slice()
        } else {
            &bytes
        };
        let mut reader = serde_json::Deserializer::from_slice(text);
        match serde_path_to_error::deserialize(&mut reader) {
            Ok(value) => reader
                .end()
                .map(|()| Self(value))
                .map_err(|error| not_json(&error)),
            Err(error) => Err(unreadable(&error)),
        }
    }
}

fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

fn not_json(error: &serde_json::Error) -> Problem {
    let sentence = format!("The body is not JSON at {}.", place(error));
    Problem::new(StatusCode::BAD_REQUEST, sentence)
}

fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() {
        return not_json(inner);
    }
    let place = place(inner);
    let text = inner.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text).to_owned();
    let field = match error.path().to_string().as_str() {
        "." => named(&what).unwrap_or_default(),
        path => path.replace('?', ""),
    };
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!("The body does not fit at {place}: {what}."),
    )
    .about(field, what)
}

/// The field that serde names between back-ticks.
fn named(what: &str) -> Option<String> {
    what.split('`').nth(1).map(str::to_owned)
}

/// An identifier in the path. One that is none leads nowhere.
pub(crate) struct Id<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Id<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::<T>::from_request_parts(parts, state)
            .await
            .map(|Path(id)| Self(id))
            .map_err(|_| {
                Problem::new(
                    StatusCode::NOT_FOUND,
                    "There is no such thing, or you may not see it.",
                )
            })
    }
}

/// The query of a call.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Asked<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(query)| Self(query))
            .map_err(|rejection| Problem::new(StatusCode::BAD_REQUEST, rejection.body_text()))
    }
}
