//! Errors as HTTP statuses and incidents; the only place that picks a status.

use http::StatusCode;
use longshore_control::ControlError;
use uuid::Uuid;

/// The status of an error.
pub fn status(error: &ControlError) -> StatusCode {
    match error {
        ControlError::NotFound => StatusCode::NOT_FOUND,
        ControlError::Forbidden { .. } => StatusCode::FORBIDDEN,
        ControlError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ControlError::Conflict(_) | ControlError::Refused { .. } => StatusCode::CONFLICT,
        ControlError::Unauthenticated => StatusCode::UNAUTHORIZED,
        ControlError::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        ControlError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        ControlError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Writes an error with its causes into the log, and gives the id to find it there.
pub fn report(error: &ControlError) -> String {
    let incident = Uuid::now_v7().to_string();
    let mut chain = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        chain.push(inner.to_string());
        cause = inner.source();
    }
    tracing::error!(%incident, causes = chain.join(": "), "{error}");
    incident
}
