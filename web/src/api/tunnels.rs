//! Cloudflare Tunnels.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::Control;
use longshore_domain::EnvironmentId;

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::{NewTunnel, Service};

/// Creates the app of a Cloudflare Tunnel and starts it.
#[utoipa::path(post, path = "/api/v1/environments/{id}/tunnels", params(("id" = String, Path)),
    request_body = NewTunnel,
    responses((status = 201, body = Service), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(control): State<Control>,
    Id(id): Id<EnvironmentId>,
    Body(body): Body<NewTunnel>,
) -> Result<(StatusCode, Json<Service>), Problem> {
    let service = control.create_tunnel(&caller.0, id, body.into()).await?;
    Ok((StatusCode::CREATED, Json(service.into())))
}
