//! Calls about the machine as a whole.

use axum::Json;
use axum::extract::State;
use longshore_agent_api::{
    AgentInfo, DesiredState, ReconcileReport, RepositoryCheck, RepositoryReport, VolumeStatus,
};

use super::Api;
use super::body::Body;
use super::problem::Problem;
use crate::info;

pub(super) async fn info(State(api): State<Api>) -> Json<AgentInfo> {
    let machine = api.machine.state().await;
    Json(info::collect(&api.config, machine, api.jobs.running()))
}

pub(super) async fn check_repository(
    State(api): State<Api>,
    Body(check): Body<RepositoryCheck>,
) -> Result<Json<RepositoryReport>, Problem> {
    Ok(Json(api.machine.check_repository(&check).await?))
}

pub(super) async fn volumes(State(api): State<Api>) -> Result<Json<Vec<VolumeStatus>>, Problem> {
    Ok(Json(api.machine.volumes().await?))
}

pub(super) async fn reconcile(
    State(api): State<Api>,
    Body(desired): Body<DesiredState>,
) -> Result<Json<ReconcileReport>, Problem> {
    Ok(Json(api.reconciler.run(&desired).await?))
}
