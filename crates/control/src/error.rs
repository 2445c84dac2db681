//! The one error of all use cases.

use std::time::Duration;

use longshore_domain::Role;
use longshore_store::StoreError;

/// The result of a use case.
pub type Result<T> = std::result::Result<T, ControlError>;

/// Why a use case did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// It does not exist, or the actor may not see it.
    #[error("not found")]
    NotFound,
    /// The actor sees it, but the role does not allow this.
    #[error("the role {} or a higher one is needed", needs.as_str())]
    Forbidden {
        /// The lowest role that may do it.
        needs: Role,
    },
    /// Fields that break a rule, all at once.
    #[error("{}", list(.0))]
    Invalid(Vec<FieldProblem>),
    /// Something else has it already.
    #[error("{0}")]
    Conflict(FieldProblem),
    /// It cannot be done in the present state.
    #[error("{message}")]
    Refused {
        /// A sentence for people.
        message: String,
    },
    /// Nobody is signed in, or what proves it is wrong.
    #[error("not signed in")]
    Unauthenticated,
    /// Too many failed attempts.
    #[error("too many attempts; try again in {} seconds", retry_after.as_secs())]
    TooManyAttempts {
        /// When the next attempt counts.
        retry_after: Duration,
    },
    /// A part that is needed does not answer; the text is for people.
    #[error("{0}")]
    Unavailable(String),
    /// Something of ours went wrong; never shown to people.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("{field} {message}")]
pub struct FieldProblem {
    /// The field's path, such as `name`, `source.git.url` or `variables.FOO`.
    pub field: String,
    /// A fragment to put behind the field's name, such as `is required`.
    pub message: String,
}

impl FieldProblem {
    /// A problem with a field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

fn list(problems: &[FieldProblem]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl ControlError {
    /// Something of ours went wrong.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// It cannot be done in the present state.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
        }
    }

    /// One field breaks a rule.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, message)])
    }

    /// Something else has it already.
    pub fn conflict(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Conflict(FieldProblem::new(field, message))
    }
}

impl From<StoreError> for ControlError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => Self::conflict(conflict.field(), conflict.message()),
            StoreError::Missing => Self::NotFound,
            StoreError::Unavailable(source) => {
                tracing::warn!(error = %source, "the database does not answer");
                Self::Unavailable("the database does not answer; try again in a moment".to_owned())
            }
            other @ (StoreError::Database(_) | StoreError::Corrupt(_)) => {
                Self::Internal(Box::new(other))
            }
        }
    }
}
