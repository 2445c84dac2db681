//! Trying health checks.

use axum::Json;
use axum::extract::State;
use longshore_control::HealthVerdict;
use longshore_domain::ServiceId;
use longshore_domain::health::HealthCheck;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use crate::state::WebState;

/// A health check to try; empty for the saved one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HealthTest {
    /// As in the service's `run.health`.
    #[schema(value_type = Option<Object>)]
    health: Option<HealthCheck>,
    /// Another port than the saved one.
    port: Option<i64>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthTestResult {
    passed: bool,
    /// The status of the answer, of an HTTP check that was answered.
    status: Option<u16>,
    took_ms: u64,
    /// What was seen, as a sentence.
    message: String,
}

impl From<HealthVerdict> for HealthTestResult {
    fn from(verdict: HealthVerdict) -> Self {
        Self {
            passed: verdict.passed,
            status: verdict.status,
            took_ms: verdict.took_ms,
            message: verdict.message,
        }
    }
}

/// Tries a health check, saved or not, once on the live version. One that does not pass
/// is an answer too (200).
#[utoipa::path(post, path = "/api/v1/services/{id}/health/test", params(("id" = String, Path)),
    request_body = HealthTest,
    responses((status = 200, body = HealthTestResult), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn test(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<ServiceId>,
    Body(body): Body<HealthTest>,
) -> Result<Json<HealthTestResult>, Problem> {
    let trial = state
        .control
        .plan_health_trial(&caller.0, id, body.health, body.port)
        .await?;
    Ok(Json(state.agent.try_health(trial).await?.into()))
}
