//! Certificates, and where DNS records can be made.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::Control;
use longshore_domain::{CertificateId, DnsProviderId, DomainId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{
    Certificate, CertificateState, DnsProvider, List, NewCertificate, NewDnsProvider,
};
use crate::state::AgentQueries;

/// The certificates that the team brought itself.
#[utoipa::path(get, path = "/api/v1/certificates", responses((status = 200, body = List<Certificate>)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
) -> Result<Json<List<Certificate>>, Problem> {
    Ok(Json(List::whole(
        control.list_certificates(&caller.0).await?,
    )))
}

/// Adds a certificate and its key; both are checked.
#[utoipa::path(post, path = "/api/v1/certificates", request_body = NewCertificate,
    responses((status = 201, body = Certificate), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Body(body): Body<NewCertificate>,
) -> Result<(StatusCode, Json<Certificate>), Problem> {
    let certificate = control.add_certificate(&caller.0, body.into()).await?;
    Ok((StatusCode::CREATED, Json(certificate.into())))
}

/// Removes a certificate that no domain uses.
#[utoipa::path(delete, path = "/api/v1/certificates/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub(super) async fn destroy(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<CertificateId>,
) -> Result<StatusCode, Problem> {
    control.remove_certificate(&caller.0, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The team's DNS providers, without their secrets.
#[utoipa::path(get, path = "/api/v1/dns-providers", responses((status = 200, body = List<DnsProvider>)))]
pub(super) async fn index_of_providers(
    caller: Caller,
    State(control): State<Control>,
) -> Result<Json<List<DnsProvider>>, Problem> {
    Ok(Json(List::whole(
        control.list_dns_providers(&caller.0).await?,
    )))
}

/// Adds a DNS provider, for certificates by DNS-01.
#[utoipa::path(post, path = "/api/v1/dns-providers", request_body = NewDnsProvider,
    responses((status = 201, body = DnsProvider), (status = 422, body = Problem)))]
pub(super) async fn create_provider(
    caller: Caller,
    State(control): State<Control>,
    Body(body): Body<NewDnsProvider>,
) -> Result<(StatusCode, Json<DnsProvider>), Problem> {
    let provider = control.add_dns_provider(&caller.0, body.into()).await?;
    Ok((StatusCode::CREATED, Json(provider.into())))
}

/// Removes a DNS provider that no domain uses.
#[utoipa::path(delete, path = "/api/v1/dns-providers/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
pub(super) async fn destroy_provider(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<DnsProviderId>,
) -> Result<StatusCode, Problem> {
    control.remove_dns_provider(&caller.0, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the certificate of a domain does.
#[utoipa::path(get, path = "/api/v1/domains/{id}/certificate", params(("id" = String, Path)),
    responses((status = 200, body = CertificateState)))]
pub(super) async fn show(
    caller: Caller,
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    Id(id): Id<DomainId>,
) -> Result<Json<CertificateState>, Problem> {
    let domain = control.show_domain(&caller.0, id).await?;
    let found = agent.certificates().await?;
    let found = found
        .into_iter()
        .find(|found| found.host.as_str() == domain.host);
    Ok(Json(CertificateState { found }))
}

/// Asks for the certificate of a domain now, whatever DNS says.
#[utoipa::path(post, path = "/api/v1/domains/{id}/certificate/retry", params(("id" = String, Path)),
    responses((status = 202), (status = 409, body = Problem)))]
pub(super) async fn retry(
    caller: Caller,
    State(control): State<Control>,
    State(agent): State<Arc<dyn AgentQueries>>,
    Id(id): Id<DomainId>,
) -> Result<StatusCode, Problem> {
    let host = control.plan_certificate_retry(&caller.0, id).await?;
    agent.retry_certificate(&host).await?;
    Ok(StatusCode::ACCEPTED)
}
