//! Container registries.

use axum::extract::State;
use axum::http::StatusCode;
use longshore_agent_api::RegistryLogin;

use super::Api;
use super::body::Body;
use super::problem::Problem;

pub(super) async fn check(
    State(api): State<Api>,
    Body(login): Body<RegistryLogin>,
) -> Result<StatusCode, Problem> {
    api.machine.check_registry(&login).await?;
    Ok(StatusCode::NO_CONTENT)
}
