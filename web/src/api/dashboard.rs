//! The dashboard's own domain, for who manages the installation.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::{Control, ControlError};

use super::Problem;
use super::caller::Caller;
use super::extract::Body;
use super::model::{DashboardDomain, NewDashboardDomain};
use crate::state::AgentQueries;

/// The dashboard's own domain, and how its certificate does.
#[utoipa::path(get, path = "/api/v1/dashboard/domain",
    responses((status = 200, body = DashboardDomain), (status = 404, body = Problem)))]
pub(super) async fn show(
    caller: Caller,
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
) -> Result<Json<DashboardDomain>, Problem> {
    let found = control.show_dashboard_domain(&caller.0).await?;
    let domain = found.ok_or(ControlError::NotFound)?;
    let certificates = agent.certificates().await?;
    let certificate = certificates
        .into_iter()
        .find(|known| known.host == domain.host);
    Ok(Json(DashboardDomain::new(domain, certificate)))
}

/// Gives the dashboard a domain of its own; its certificate comes in the background.
#[utoipa::path(put, path = "/api/v1/dashboard/domain", request_body = NewDashboardDomain,
    responses((status = 200, body = DashboardDomain), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn replace(
    caller: Caller,
    State(control): State<Control>,
    Body(body): Body<NewDashboardDomain>,
) -> Result<Json<DashboardDomain>, Problem> {
    let domain = control.set_dashboard_domain(&caller.0, body.into()).await?;
    Ok(Json(DashboardDomain::new(domain, None)))
}

/// Takes the dashboard's own domain away.
#[utoipa::path(delete, path = "/api/v1/dashboard/domain",
    responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn destroy(
    caller: Caller,
    State(control): State<Control>,
) -> Result<StatusCode, Problem> {
    control.remove_dashboard_domain(&caller.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for the certificate of the dashboard's own domain now, whatever DNS says.
#[utoipa::path(post, path = "/api/v1/dashboard/domain/certificate/retry",
    responses((status = 202), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn retry_certificate(
    caller: Caller,
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
) -> Result<StatusCode, Problem> {
    let host = control.plan_dashboard_certificate_retry(&caller.0).await?;
    agent.retry_certificate(&host).await?;
    Ok(StatusCode::ACCEPTED)
}
