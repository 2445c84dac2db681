//! Errors as problem details (RFC 9457).

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use longshore_control::{ControlError, FieldProblem};
use serde::Serialize;
use utoipa::ToSchema;

/// An error as the API tells it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status and the fields say it all.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, in a sentence.
    detail: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Where to find it in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<String>,
    #[serde(skip)]
    retry_after_seconds: Option<u64>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct FieldError {
    /// The field, with dots between the levels.
    field: String,
    /// What is wrong, to be read behind the field's name.
    message: String,
}

impl From<&FieldProblem> for FieldError {
    fn from(problem: &FieldProblem) -> Self {
        Self {
            field: problem.field.clone(),
            message: problem.message.clone(),
        }
    }
}

impl Problem {
    /// A problem with a status and a sentence.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            incident: None,
            retry_after_seconds: None,
        }
    }

    /// The same about one field.
    pub(crate) fn about(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
        self
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        let status = crate::error::status(&error);
        let mut problem = Self::new(status, "");
        problem.detail = match &error {
            ControlError::NotFound => "There is no such thing, or you may not see it.".to_owned(),
            ControlError::Forbidden { needs } => format!(
                "Your role in the team does not allow this; it needs the role {} or a higher one.",
                needs.as_str()
            ),
            ControlError::Invalid(fields) => {
                problem.errors = fields.iter().map(FieldError::from).collect();
                format!("{error}.")
            }
            ControlError::Conflict(field) => {
                problem.errors = vec![FieldError::from(field)];
                format!("{error}.")
            }
            ControlError::Refused { message } | ControlError::Unavailable(message) => {
                message.clone()
            }
            ControlError::Unauthenticated => {
                "Send a valid token as “Authorization: Bearer <token>”.".to_owned()
            }
            ControlError::TooManyAttempts { retry_after } => {
                problem.retry_after_seconds = Some(retry_after.as_secs().max(1));
                "There were too many attempts.".to_owned()
            }
            ControlError::Internal(_) => {
                problem.incident = Some(crate::error::report(&error));
                "Something of ours went wrong; the server's log has the details.".to_owned()
            }
        };
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = HeaderValue::from_static("application/problem+json");
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

/// Gives errors that the framework answers by itself the form of a problem.
pub(crate) async fn describe(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let described = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/"));
    if described || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let detail = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too large.",
        StatusCode::BAD_REQUEST => "A part of the path or the query cannot be read.",
        StatusCode::NOT_FOUND => "There is no such thing, or you may not see it.",
        _ => "The request cannot be answered.",
    };
    Problem::new(status, detail).into_response()
}
