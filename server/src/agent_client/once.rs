//! Commands that run once.

use longshore_agent_api::{OnceRequest, OnceStatus};
use longshore_domain::{JobId, ServiceId};
use reqwest::Method;

use super::{AgentClient, AgentError, send};

impl AgentClient {
    /// Starts a command, unless it was started before.
    ///
    /// # Errors
    /// When the agent does not answer or Docker refuses.
    pub async fn start_once(
        &self,
        service: ServiceId,
        job: JobId,
        request: &OnceRequest,
    ) -> Result<(), AgentError> {
        let request = self.short(Method::PUT, &path(service, job)).json(request);
        send(request).await.map(drop)
    }

    /// Where a command stands.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn once_status(
        &self,
        service: ServiceId,
        job: JobId,
    ) -> Result<OnceStatus, AgentError> {
        self.read(self.short(Method::GET, &path(service, job)))
            .await
    }

    /// Ends and removes a command's container.
    ///
    /// # Errors
    /// When the agent does not answer or Docker refuses.
    pub async fn remove_once(&self, service: ServiceId, job: JobId) -> Result<(), AgentError> {
        let request = self.short(Method::DELETE, &path(service, job));
        send(request).await.map(drop)
    }
}

fn path(service: ServiceId, job: JobId) -> String {
    format!("/v1/services/{service}/once/{job}")
}
