//! Domains.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::Control;
use longshore_domain::{DomainId, ServiceId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{Domain, List, NewDomain};

/// The domains of a service.
#[utoipa::path(get, path = "/api/v1/services/{id}/domains", params(("id" = String, Path)),
    responses((status = 200, body = List<Domain>)))]
pub(super) async fn index(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<Json<List<Domain>>, Problem> {
    let domains = control.list_domains(&caller.0, id).await?;
    Ok(Json(List::whole(domains)))
}

/// Adds a domain; a live version gets it at once.
#[utoipa::path(post, path = "/api/v1/services/{id}/domains", params(("id" = String, Path)),
    request_body = NewDomain,
    responses((status = 201, body = Domain), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
    Body(body): Body<NewDomain>,
) -> Result<(StatusCode, Json<Domain>), Problem> {
    let domain = control.add_domain(&caller.0, id, body.into()).await?;
    Ok((StatusCode::CREATED, Json(domain.into())))
}

/// Removes a domain.
#[utoipa::path(delete, path = "/api/v1/domains/{id}", params(("id" = String, Path)),
    responses((status = 204)))]
pub(super) async fn destroy(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<DomainId>,
) -> Result<StatusCode, Problem> {
    control.remove_domain(&caller.0, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
