//! The team's accounts at container registries.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use longshore_control::{RegistryDraft, RegistryView};
use longshore_domain::RegistryId;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Problem;
use super::caller::Caller;
use super::extract::{Body, Id};
use super::model::List;
use crate::state::WebState;

/// An account at a registry; its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Registry {
    id: Uuid,
    name: String,
    host: String,
    username: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<RegistryView> for Registry {
    fn from(view: RegistryView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            host: view.host.to_string(),
            username: view.username,
            created_at: view.created_at,
        }
    }
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRegistry {
    /// What people call it; the host when absent.
    #[serde(default)]
    name: String,
    /// Such as `ghcr.io` or `registry.example.com:5000`; `docker.io` for Docker Hub.
    host: String,
    username: String,
    /// A password or a token.
    password: String,
    /// Whether the registry is asked first; yes when absent.
    check: Option<bool>,
}

/// Changes of an account; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistryChanges {
    name: Option<String>,
    host: Option<String>,
    username: Option<String>,
    /// Must be given when the host changes.
    password: Option<String>,
    /// Whether the registry is asked first; yes when absent.
    check: Option<bool>,
}

/// The accounts.
#[utoipa::path(get, path = "/api/v1/registries", responses((status = 200, body = List<Registry>)))]
pub(super) async fn index(
    caller: Caller,
    State(state): State<WebState>,
) -> Result<Json<List<Registry>>, Problem> {
    let registries = state.control.list_registries(&caller.0).await?;
    Ok(Json(List::whole(registries)))
}

/// Adds an account, once its registry has taken it.
#[utoipa::path(post, path = "/api/v1/registries", request_body = NewRegistry,
    responses((status = 201, body = Registry), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(state): State<WebState>,
    Body(body): Body<NewRegistry>,
) -> Result<(StatusCode, Json<Registry>), Problem> {
    let draft = RegistryDraft {
        name: body.name,
        host: body.host,
        username: body.username,
        password: Some(body.password),
    };
    let plan = state.control.plan_registry(&caller.0, None, &draft).await?;
    if body.check.unwrap_or(true) {
        state.agent.check_registry(plan.account()).await?;
    }
    let registry = state.control.save_registry(&caller.0, plan).await?;
    Ok((StatusCode::CREATED, Json(registry.into())))
}

/// Changes an account, once its registry has taken it.
#[utoipa::path(patch, path = "/api/v1/registries/{id}", params(("id" = String, Path)),
    request_body = RegistryChanges, responses((status = 200, body = Registry), (status = 409, body = Problem)))]
pub(super) async fn update(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<RegistryId>,
    Body(body): Body<RegistryChanges>,
) -> Result<Json<Registry>, Problem> {
    let before = state.control.show_registry(&caller.0, id).await?;
    let draft = RegistryDraft {
        name: body.name.unwrap_or(before.name),
        host: body.host.unwrap_or_else(|| before.host.to_string()),
        username: body.username.unwrap_or(before.username),
        password: body.password,
    };
    let plan = state
        .control
        .plan_registry(&caller.0, Some(id), &draft)
        .await?;
    if body.check.unwrap_or(true) {
        state.agent.check_registry(plan.account()).await?;
    }
    let registry = state.control.save_registry(&caller.0, plan).await?;
    Ok(Json(registry.into()))
}

/// Removes an account.
#[utoipa::path(delete, path = "/api/v1/registries/{id}", params(("id" = String, Path)),
    responses((status = 204)))]
pub(super) async fn destroy(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<RegistryId>,
) -> Result<StatusCode, Problem> {
    state.control.delete_registry(&caller.0, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
