//! Calls about certificates.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use longshore_agent_api::{CertificateStatus, DesiredCertificates};
use longshore_domain::DomainName;

use super::Api;
use super::body::Body;
use super::problem::Problem;

pub(super) async fn put(
    State(api): State<Api>,
    Body(desired): Body<DesiredCertificates>,
) -> Result<StatusCode, Problem> {
    api.machine.set_certificates(desired).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<CertificateStatus>>, Problem> {
    Ok(Json(api.machine.certificates().await?))
}

pub(super) async fn retry(
    State(api): State<Api>,
    Path(host): Path<DomainName>,
) -> Result<StatusCode, Problem> {
    api.machine.retry_certificate(&host).await?;
    Ok(StatusCode::NO_CONTENT)
}
