//! How a call to the agent ends when it does not end well.

use longshore_agent_api::AgentProblem;
use reqwest::StatusCode;

/// A call to the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The agent does not answer: it is not running, or the connection broke.
    #[error("the agent does not answer")]
    Unreachable(#[source] reqwest::Error),
    /// The agent refused, with a reason.
    #[error("the agent refused: {problem}")]
    Refused {
        /// The HTTP status.
        status: StatusCode,
        /// The reason.
        problem: AgentProblem,
    },
    /// The agent's answer is not of this protocol.
    #[error("the agent answered {status} without a reason")]
    Unexpected {
        /// The HTTP status.
        status: StatusCode,
    },
    /// An event in a stream could not be read.
    #[error("the agent sent an event that cannot be read: {0}")]
    Garbled(String),
}

impl AgentError {
    pub(super) fn from_transport(error: reqwest::Error) -> Self {
        Self::Unreachable(error)
    }

    /// Whether the agent does not know what was asked for.
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Refused { status, .. } | Self::Unexpected { status } => {
                *status == StatusCode::NOT_FOUND
            }
            Self::Unreachable(_) | Self::Garbled(_) => false,
        }
    }

    /// The agent's own reason, when there is one that trying again will not change.
    pub fn refusal(&self) -> Option<&AgentProblem> {
        match self {
            Self::Refused { status, problem }
                if status.is_client_error() && *status != StatusCode::CONFLICT =>
            {
                Some(problem)
            }
            _ => None,
        }
    }
}
