//! Archives that people upload.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use longshore_agent_api::UploadReport;

use super::Api;
use super::problem::Problem;
use crate::paths::Paths;
use crate::upload;

pub(super) async fn receive(
    State(api): State<Api>,
    body: Body,
) -> Result<Json<UploadReport>, Problem> {
    let uploads = Paths::new(api.config.agent_dir()).uploads();
    let report = upload::receive(&uploads, body.into_data_stream()).await?;
    Ok(Json(report))
}
