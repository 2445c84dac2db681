//! The build cache and its size.

use bollard::Docker;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;
use serde::Deserialize;
use tokio::task::JoinSet;

use super::endpoint::{Endpoint, unavailable};
use crate::engine::{brief, problem};
use crate::stage::StageError;

/// The longest answer, which names every entry that went, in bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// Docker's answer.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "SpaceReclaimed", default)]
    reclaimed: u64,
    /// What went wrong.
    #[serde(default)]
    message: String,
}

/// Removes what was used longest ago until no more than this many bytes are left; what
/// a build uses now stays. Tells how many bytes went.
///
/// The client library knows the newest names of the parameters alone, which engines up
/// to version 27 ignore: they would then remove everything.
///
/// # Errors
/// When Docker does not.
pub(super) async fn shrink(docker: &Docker, keep: u64) -> Result<u64, AgentProblem> {
    let mut tasks = JoinSet::new();
    let endpoint = Endpoint::of(docker).await.map_err(as_problem)?;
    let mut sender = endpoint.connect(&mut tasks).await.map_err(as_problem)?;
    let uri = format!(
        "/build/prune?all=1&keep-storage={keep}&reserved-space={keep}&max-used-space={keep}"
    );
    let request = Request::builder()
        .method(Method::POST)
        .uri(uri)
        .header(header::HOST, "docker")
        .body(Empty::new().map_err(|never| match never {}).boxed())
        .map_err(|_| as_problem(unavailable()))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|_| as_problem(unavailable()))?;
    let is_success = response.status().is_success();
    let body = Limited::new(response.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|_| as_problem(unavailable()))?
        .to_bytes();
    let answer: Answer = serde_json::from_slice(&body).unwrap_or_else(|_| Answer {
        reclaimed: 0,
        message: "it gave no reason".to_owned(),
    });
    if is_success {
        return Ok(answer.reclaimed);
    }
    Err(problem(
        FailureKind::Internal,
        format!(
            "The build cache could not be made smaller: {}.",
            brief(&answer.message)
        ),
    ))
}

fn as_problem(error: StageError) -> AgentProblem {
    match error {
        StageError::Failed { kind, message } => problem(kind, message),
        StageError::Cancelled => problem(FailureKind::Interrupted, "It was interrupted."),
    }
}
