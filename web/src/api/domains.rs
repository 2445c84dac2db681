//! Domains.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::Control;
use longshore_domain::{DomainId, ServiceId};

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{Domain, DomainChanges, List, NewDomain};

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

/// One domain.
#[utoipa::path(get, path = "/api/v1/domains/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Domain)))]
pub(super) async fn show(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<DomainId>,
) -> Result<Json<Domain>, Problem> {
    Ok(Json(control.show_domain(&caller.0, id).await?.into()))
}

/// Changes a domain; a live version gets it at once.
#[utoipa::path(patch, path = "/api/v1/domains/{id}", params(("id" = String, Path)),
    request_body = DomainChanges,
    responses((status = 200, body = Domain), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn update(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<DomainId>,
    Body(body): Body<DomainChanges>,
) -> Result<Json<Domain>, Problem> {
    let domain = control.update_domain(&caller.0, id, body.into()).await?;
    Ok(Json(domain.into()))
}

/// Adds the same host with `www.`, or without it, and sends its requests to this one.
#[utoipa::path(post, path = "/api/v1/domains/{id}/twin", params(("id" = String, Path)),
    responses((status = 201, body = Domain), (status = 409, body = Problem)))]
pub(super) async fn create_twin(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<DomainId>,
) -> Result<(StatusCode, Json<Domain>), Problem> {
    let domain = control.add_twin(&caller.0, id).await?;
    Ok((StatusCode::CREATED, Json(domain.into())))
}

/// Adds a free name for tests, which holds the server's address.
#[utoipa::path(post, path = "/api/v1/services/{id}/test-domain", params(("id" = String, Path)),
    responses((status = 201, body = Domain), (status = 409, body = Problem)))]
pub(super) async fn create_test(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<ServiceId>,
) -> Result<(StatusCode, Json<Domain>), Problem> {
    let domain = control.add_test_domain(&caller.0, id).await?;
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
