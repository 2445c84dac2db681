//! Sources past Git: archives of people, accounts at registries.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use longshore_agent_api::{RegistryLogin, UploadReport};
use reqwest::Method;

use super::{AgentClient, AgentError, send, url};

/// The longest that an archive may take: a slow line is no reason to refuse it.
const UPLOAD_TIMEOUT: Duration = Duration::from_hours(2);

impl AgentClient {
    /// Asks whether a registry takes an account.
    ///
    /// # Errors
    /// When the agent does not answer, or with the reason why it does not.
    pub async fn check_registry(&self, login: &RegistryLogin) -> Result<(), AgentError> {
        let request = self.short(Method::POST, "/v1/registries/check").json(login);
        send(request).await.map(drop)
    }

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
