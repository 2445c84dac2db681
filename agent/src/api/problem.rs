//! Error answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;

use crate::jobs::JobRefused;

/// An error answer: a status and an [`AgentProblem`].
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    problem: AgentProblem,
}

impl Problem {
    pub(super) fn new(status: StatusCode, kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            status,
            problem: AgentProblem {
                kind,
                message: message.into(),
            },
        }
    }

    /// The request itself is wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            FailureKind::SpecificationInvalid,
            message,
        )
    }

    /// What was asked for is not there.
    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            FailureKind::ReferenceNotFound,
            message,
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}

impl From<AgentProblem> for Problem {
    fn from(problem: AgentProblem) -> Self {
        let status = match problem.kind {
            FailureKind::EngineUnavailable | FailureKind::DiskFull => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            FailureKind::Internal | FailureKind::SwitchFailed => StatusCode::INTERNAL_SERVER_ERROR,
            FailureKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self { status, problem }
    }
}

impl From<JobRefused> for Problem {
    fn from(refused: JobRefused) -> Self {
        let (status, kind) = match &refused {
            JobRefused::Unknown => (StatusCode::NOT_FOUND, FailureKind::ReferenceNotFound),
            JobRefused::OtherSpecification | JobRefused::ServiceBusy | JobRefused::NotEnded => {
                (StatusCode::CONFLICT, FailureKind::SpecificationInvalid)
            }
            JobRefused::ShuttingDown => (
                StatusCode::SERVICE_UNAVAILABLE,
                FailureKind::EngineUnavailable,
            ),
            JobRefused::Files(error) => {
                tracing::error!(%error, "a job's files cannot be used");
                (StatusCode::SERVICE_UNAVAILABLE, FailureKind::DiskFull)
            }
        };
        Self::new(status, kind, refused.to_string())
    }
}

/// The answer to a call that is not in the protocol.
pub(super) async fn no_such_call() -> Problem {
    Problem::missing("the protocol has no such call")
}

/// The answer to a call with a method that the protocol does not have there.
pub(super) async fn no_such_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        FailureKind::SpecificationInvalid,
        "the protocol has no such method for this path",
    )
}
