//! Handing archives of people on to the agent.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use longshore_agent_api::UploadReport;

use super::{AgentClient, AgentError, url};

/// The longest that an archive may take: a slow line is no reason to refuse it.
const UPLOAD_TIMEOUT: Duration = Duration::from_hours(2);

impl AgentClient {
    /// Streams an archive to the agent, which checks and keeps it.
    ///
    /// # Errors
    /// When the agent does not answer, or refuses the archive.
    pub async fn upload(
        &self,
        body: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<UploadReport, AgentError> {
        let request = self
            .http
            .post(url("/v1/uploads"))
            .body(reqwest::Body::wrap_stream(body))
            .timeout(UPLOAD_TIMEOUT);
        self.read(request).await
    }
}
