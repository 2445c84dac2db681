//! Archives.

#![expect(
    unused_qualifications,
    reason = "the description of query parameters expands to full paths"
)]

use axum::Json;
use axum::extract::{Request, State};
use http::StatusCode;
use longshore_domain::ServiceId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::caller::Caller;
use super::extract::{Asked, Id};
use super::model::Deployment;
use crate::limits::{self, Unread};
use crate::state::WebState;

/// What an archive is called, and whether it is deployed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wish {
    /// The name of the file, shown to people.
    name: Option<String>,
    /// Whether it is deployed at once.
    #[serde(default = "yes")]
    #[param(required = false)]
    deploy: bool,
}

fn yes() -> bool {
    true
}

/// An archive that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
    name: String,
    /// The SHA-256 of its bytes.
    digest: String,
    size_bytes: u64,
    files: u64,
    unpacked_bytes: u64,
    /// The deployment of it.
    deployment: Option<Deployment>,
}

/// Takes a zip or tar archive (`.tar`, `.tar.gz`, `.tar.zst`) of at most 1 GiB as the source
/// of an app whose source is `{"upload": {}}`, and deploys it.
#[utoipa::path(put, path = "/api/v1/services/{id}/upload", params(("id" = String, Path), Wish),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 202, body = Taken), (status = 201, body = Taken), (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn create(
    caller: Caller,
    State(state): State<WebState>,
    Id(id): Id<ServiceId>,
    Asked(wish): Asked<Wish>,
    request: Request,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let name = wish.name.as_deref().unwrap_or("archive");
    let name = state.control.check_upload(&caller.0, id, name).await?;
    let (body, unread) = limits::stream(request.into_body(), limits::UPLOAD_MAX_BYTES);
    let uploaded = state
        .agent
        .upload(body)
        .await
        .map_err(|error| match unread.get() {
            Some(unread) => Problem::new(unread.status(), sentence(*unread)),
            None => error.into(),
        })?;
    let deployment = state
        .control
        .take_upload(&caller.0, id, name.clone(), &uploaded, wish.deploy)
        .await?;
    let status = match deployment {
        Some(_) => StatusCode::ACCEPTED,
        None => StatusCode::CREATED,
    };
    let taken = Taken {
        name: name.to_string(),
        digest: uploaded.digest.to_string(),
        size_bytes: uploaded.size_bytes,
        files: uploaded.files,
        unpacked_bytes: uploaded.unpacked_bytes,
        deployment: deployment.map(Into::into),
    };
    Ok((status, Json(taken)))
}

fn sentence(unread: Unread) -> String {
    match unread {
        Unread::TooLarge => "The archive is larger than 1 GiB.".to_owned(),
        Unread::EndedEarly => "The archive broke off while it was sent.".to_owned(),
    }
}
