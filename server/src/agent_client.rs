//! The client of the agent API over the agent's Unix socket.
//!
//! It knows the protocol and nothing else: what to do about an answer is decided by
//! [`crate::jobs`] and [`crate::reconcile`].

pub(crate) mod certificates;
mod container_log;
mod error;
mod events;
mod once;
mod queries;
mod sources;
mod terminal;

use std::path::Path;
use std::time::Duration;

use longshore_agent_api::{
    AgentInfo, AgentProblem, CertificateStatus, CommandEnd, ContainerCommand, DeployJob,
    DesiredCertificates, DesiredState, HealthTrial, HealthVerdict, JobStatus, PROTOCOL_HEADER,
    PROTOCOL_VERSION, ReconcileReport, RepositoryCheck, RepositoryReport, RouteUpdate,
    RunningUpdate, ServiceStatus, VersionEnds, VolumeStatus,
};
use longshore_domain::{DeploymentId, DomainName, ServiceId};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;

pub use error::AgentError;
pub use events::JobEvents;

/// How long a connection to the agent's socket may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a short request may take; routes are only confirmed when the proxy has
/// taken them, repositories are asked over the network.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long trying a health check may take, beside the check's own timeout.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(45);
/// How long a reconcile pass may take: removing Swarm services is slow.
const RECONCILE_TIMEOUT: Duration = Duration::from_secs(300);

/// A client of one machine's agent. Clones share their connections.
#[derive(Debug, Clone)]
pub struct AgentClient {
    http: reqwest::Client,
}

impl AgentClient {
    /// A client for the agent behind a socket. Nothing is connected yet.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(socket: &Path) -> Result<Self, AgentError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static(PROTOCOL_HEADER),
            HeaderValue::from(PROTOCOL_VERSION),
        );
        let http = reqwest::Client::builder()
            .unix_socket(socket)
            .connect_timeout(CONNECT_TIMEOUT)
            .default_headers(headers)
            .build()
            .map_err(AgentError::from_transport)?;
        Ok(Self { http })
    }

    /// What the agent says of itself and its machine.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn info(&self) -> Result<AgentInfo, AgentError> {
        self.read(self.short(Method::GET, "/v1/info")).await
    }

    /// Starts a job, re-attaches to it, or takes it up again.
    ///
    /// # Errors
    /// When the agent does not answer, or refuses the specification.
    pub async fn put_job(&self, job: &DeployJob) -> Result<JobStatus, AgentError> {
        let path = format!("/v1/jobs/{}", job.deployment);
        self.read(self.short(Method::PUT, &path).json(job)).await
    }

    /// Where a job stands.
    ///
    /// # Errors
    /// When the agent does not answer or does not know the job.
    pub async fn job(&self, deployment: DeploymentId) -> Result<JobStatus, AgentError> {
        let path = format!("/v1/jobs/{deployment}");
        self.read(self.short(Method::GET, &path)).await
    }

    /// The journal of a job behind a sequence number, then live.
    ///
    /// # Errors
    /// When the agent does not answer or does not know the job.
    pub async fn job_events(
        &self,
        deployment: DeploymentId,
        after: u64,
    ) -> Result<JobEvents, AgentError> {
        let request = self
            .http
            .get(url(&format!("/v1/jobs/{deployment}/events")))
            .header("accept", "text/event-stream")
            .header("last-event-id", after);
        Ok(JobEvents::new(send(request).await?))
    }

    /// Asks a job to stop. Its end comes as an event.
    ///
    /// # Errors
    /// When the agent does not answer. Answers false when the agent knows no such job.
    pub async fn cancel_job(&self, deployment: DeploymentId) -> Result<bool, AgentError> {
        let path = format!("/v1/jobs/{deployment}");
        known(send(self.short(Method::DELETE, &path)).await)
    }

    /// Tells the agent that all of a job's journal is stored.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn forget_job(&self, deployment: DeploymentId) -> Result<(), AgentError> {
        let path = format!("/v1/jobs/{deployment}/forget");
        known(send(self.short(Method::POST, &path)).await).map(drop)
    }

    /// Gives a service's live version new routes; returns when the proxy has taken them.
    ///
    /// # Errors
    /// When the agent does not answer or the proxy does not take them.
    pub async fn set_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<(), AgentError> {
        let path = format!("/v1/services/{service}/routes");
        send(self.short(Method::PUT, &path).json(update))
            .await
            .map(drop)
    }

    /// Stops, starts, restarts or scales a service's live version.
    ///
    /// # Errors
    /// When the agent does not answer or Docker refuses.
    pub async fn set_running(
        &self,
        service: ServiceId,
        update: &RunningUpdate,
    ) -> Result<(), AgentError> {
        let path = format!("/v1/services/{service}/running");
        send(self.short(Method::PUT, &path).json(update))
            .await
            .map(drop)
    }

    /// What runs of a service.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn service_status(&self, service: ServiceId) -> Result<ServiceStatus, AgentError> {
        let path = format!("/v1/services/{service}");
        self.read(self.short(Method::GET, &path)).await
    }

    /// How containers of a version ended that should run on.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn ends(&self, service: ServiceId, number: i32) -> Result<VersionEnds, AgentError> {
        let path = format!("/v1/services/{service}/versions/{number}/ends");
        self.read(self.short(Method::GET, &path)).await
    }

    /// Tries a health check once on a version that runs.
    ///
    /// # Errors
    /// When the agent does not answer or nothing runs. A check that does not pass is none.
    pub async fn try_health(
        &self,
        service: ServiceId,
        trial: &HealthTrial,
    ) -> Result<HealthVerdict, AgentError> {
        let path = format!("/v1/services/{service}/probe");
        let limit = TRIAL_TIMEOUT + Duration::from_secs(trial.health.timeout_seconds.into());
        let request = self.http.post(url(&path)).json(trial).timeout(limit);
        self.read(request).await
    }

    /// Runs a command once in a container of the live version.
    ///
    /// # Errors
    /// When the agent does not answer or nothing runs. A command that fails is none.
    pub async fn command(
        &self,
        service: ServiceId,
        command: &ContainerCommand,
    ) -> Result<CommandEnd, AgentError> {
        let path = format!("/v1/services/{service}/command");
        let limit = TRIAL_TIMEOUT + Duration::from_secs(command.timeout_seconds.into());
        let request = self.http.post(url(&path)).json(command).timeout(limit);
        self.read(request).await
    }

    /// All volumes on the machine.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn volumes(&self) -> Result<Vec<VolumeStatus>, AgentError> {
        self.read(self.short(Method::GET, "/v1/volumes")).await
    }

    /// Removes everything of a service from the machine.
    ///
    /// # Errors
    /// When the agent does not answer or Docker refuses.
    pub async fn remove_service(
        &self,
        service: ServiceId,
        volumes: bool,
    ) -> Result<(), AgentError> {
        let request = self
            .http
            .delete(url(&format!("/v1/services/{service}")))
            .query(&[("volumes", volumes)])
            .timeout(RECONCILE_TIMEOUT);
        known(send(request).await).map(drop)
    }

    /// Asks whether a repository can be read.
    ///
    /// # Errors
    /// When the agent does not answer, or with the reason why it cannot be read.
    pub async fn check_repository(
        &self,
        check: &RepositoryCheck,
    ) -> Result<RepositoryReport, AgentError> {
        self.read(
            self.short(Method::POST, "/v1/repositories/check")
                .json(check),
        )
        .await
    }

    /// Makes the machine agree with what shall exist.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn reconcile(&self, desired: &DesiredState) -> Result<ReconcileReport, AgentError> {
        let request = self
            .http
            .put(url("/v1/desired"))
            .json(desired)
            .timeout(RECONCILE_TIMEOUT);
        self.read(request).await
    }

    /// Tells which certificates the machine shall have.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn set_certificates(&self, desired: &DesiredCertificates) -> Result<(), AgentError> {
        let request = self.short(Method::PUT, "/v1/certificates").json(desired);
        send(request).await.map(drop)
    }

    /// How all certificates do.
    ///
    /// # Errors
    /// When the agent does not answer.
    pub async fn certificates(&self) -> Result<Vec<CertificateStatus>, AgentError> {
        self.read(self.short(Method::GET, "/v1/certificates")).await
    }

    /// Makes the next attempt for a host's certificate now.
    ///
    /// # Errors
    /// When the agent does not answer or knows no such host.
    pub async fn retry_certificate(&self, host: &DomainName) -> Result<(), AgentError> {
        let path = format!("/v1/certificates/{host}/retry");
        send(self.short(Method::POST, &path)).await.map(drop)
    }

    fn short(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, url(path))
            .timeout(REQUEST_TIMEOUT)
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, AgentError> {
        send(request)
            .await?
            .json()
            .await
            .map_err(AgentError::from_transport)
    }
}

/// The host part is ignored on a Unix socket.
fn url(path: &str) -> String {
    format!("http://agent{path}")
}

async fn send(request: RequestBuilder) -> Result<Response, AgentError> {
    let response = request.send().await.map_err(AgentError::from_transport)?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.bytes().await.map_err(AgentError::from_transport)?;
    match serde_json::from_slice::<AgentProblem>(&body) {
        Ok(problem) => Err(AgentError::Refused { status, problem }),
        Err(_) => Err(AgentError::Unexpected { status }),
    }
}

fn known(answer: Result<Response, AgentError>) -> Result<bool, AgentError> {
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.is_missing() => Ok(false),
        Err(error) => Err(error),
    }
}
