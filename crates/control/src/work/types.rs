//! What passes between the queue and the workers.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use longshore_domain::compose::ComponentRelease;
use longshore_domain::route::Route;
use longshore_domain::{
    DeploymentId, DomainName, EnvKey, EnvironmentId, Failure, GitUrl, Secret, ServiceId,
    ServiceName, Sha256Digest, Specification, TeamId,
};
pub use longshore_store::LogStream;
pub use longshore_store::deployments::WatchedRecord as WatchedDeployment;
pub use longshore_store::journal::{RecordedEvent, RecordedKind};
use time::OffsetDateTime;

use crate::{DnsProviderSettings, RegistryAccount};

/// A deployment that a worker has leased, with everything that the agent must be told.
#[derive(Debug, Clone)]
pub struct ClaimedDeployment {
    /// The deployment.
    pub id: DeploymentId,
    /// Its number within the service.
    pub number: i32,
    /// The team that owns it.
    pub team: TeamId,
    /// The service.
    pub service: ServiceId,
    /// The service's name.
    pub service_name: ServiceName,
    /// The environment.
    pub environment: EnvironmentId,
    /// What to run.
    pub specification: Specification,
    /// The container's variables, resolved.
    pub variables: BTreeMap<EnvKey, Secret>,
    /// Values of the build's secrets.
    pub build_secrets: BTreeMap<EnvKey, Secret>,
    /// The team's accounts at registries.
    pub registries: Vec<RegistryAccount>,
    /// Credentials for the repository.
    pub git_credentials: GitCredentials,
    /// The pinned SSH host key.
    pub git_host_key: Option<String>,
    /// The number of the service's live deployment now.
    pub live_number: Option<i32>,
    /// What runs of a stack's live version.
    pub live_components: Vec<ComponentRelease>,
    /// The routes of the service now.
    pub routes: Vec<Route>,
    /// Values that must not appear in any log.
    pub redact: Vec<Secret>,
    /// The sequence number of the last event that is stored.
    pub last_sequence: i64,
    /// Whether a person asked for its end.
    pub cancel_requested: bool,
    /// Whether its work had begun before.
    pub resumed: bool,
    /// When it was asked for.
    pub queued_at: OffsetDateTime,
}

/// Credentials for a repository, in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitCredentials {
    /// None.
    Anonymous,
    /// A token over HTTP.
    Token {
        /// The user name.
        username: String,
        /// The token.
        token: Secret,
    },
    /// An SSH private key in OpenSSH's PEM form.
    DeployKey {
        /// The key.
        private_key: Secret,
    },
}

/// The answer to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// Whether a person asked for the deployment's end.
    pub cancel_requested: bool,
}

/// Why a worker could not write what it did.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// Another worker has the deployment now, or it has ended: stop working on it.
    #[error("the lease is lost")]
    LostLease,
    /// The deployment is not in a state in which this can happen.
    #[error(transparent)]
    InvalidTransition(#[from] longshore_domain::InvalidTransition),
    /// The database's or our own fault; trying again may help.
    #[error(transparent)]
    Control(#[from] crate::ControlError),
}

impl From<longshore_store::StoreError> for WorkError {
    fn from(error: longshore_store::StoreError) -> Self {
        Self::Control(error.into())
    }
}

/// How the work on a deployment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The new version has been seen to serve.
    Live {
        /// The image's tag on the machine.
        image: String,
        /// The image's identity, `sha256:…`.
        digest: String,
    },
    /// It failed.
    Failed(Failure),
    /// It was cancelled.
    Cancelled,
}

/// A line of a container that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastLine {
    /// When it was written.
    pub at: OffsetDateTime,
    /// Where it came from.
    pub stream: LogStream,
    /// The text.
    pub text: String,
}

/// What was done about a live version that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The version before it comes back.
    RollsBack(DeploymentId),
    /// Another deployment waits or works; it is seen to when that has ended.
    Waits,
    /// The failure is noted, and there is nothing to go back to.
    Stays,
    /// It is no longer watched: replaced, or answered already.
    Over,
}

/// Everything that shall exist on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DesiredState {
    /// Environments that exist.
    pub environments: Vec<EnvironmentId>,
    /// Services that exist, without those that are being removed.
    pub services: Vec<DesiredService>,
    /// Those of them that are stacks; what runs of one are its components.
    pub stacks: Vec<ServiceId>,
    /// Repositories that they are built from, each once.
    pub repositories: Vec<GitUrl>,
    /// Uploaded archives that they, or deployments at work, are built from, each once.
    pub uploads: Vec<Sha256Digest>,
    /// The way to the dashboard on its own domain.
    pub dashboard: Option<DesiredDashboard>,
}

/// The way that the proxy shall know to the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredDashboard {
    /// The host.
    pub host: DomainName,
    /// Whether it is reached by HTTPS alone.
    pub is_secure: bool,
    /// Where the server listens; an unspecified address stands for all of the machine's.
    pub listen: SocketAddr,
}

/// One service that shall exist on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredService {
    /// The service, or a component of a stack.
    pub service: ServiceId,
    /// The service that a person sees: the stack of a component, else the same.
    pub owner: ServiceId,
    /// How people know it: by its project and its name, and a component by its own name too.
    pub name: String,
    /// Its environment.
    pub environment: EnvironmentId,
    /// The number of its live deployment.
    pub live_number: Option<i32>,
    /// The numbers of deployments that wait or work now.
    pub active_numbers: Vec<i32>,
    /// Its routes.
    pub routes: Vec<Route>,
    /// Containers of the live version; 0 when it is stopped.
    pub replicas: u32,
    /// When a person asked for new containers, until [`crate::Control::restart_done`].
    pub restart_requested_at: Option<OffsetDateTime>,
    /// Numbers of deployments whose images are kept for rollback, without the live one.
    pub kept_numbers: Vec<i32>,
}

/// A certificate that the machine shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredCertificate {
    /// The host.
    pub host: DomainName,
    /// Where it comes from.
    pub origin: DesiredOrigin,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DesiredOrigin {
    /// By ACME, with an answer over HTTP.
    Http,
    /// By ACME, with a DNS record.
    Dns(OpenProvider),
    /// The team's own.
    Own {
        /// As PEM.
        chain: String,
        /// As PEM.
        private_key: Secret,
    },
}

/// A DNS provider with its secret, in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenProvider {
    /// Its kind and settings.
    pub settings: DnsProviderSettings,
    /// The token, key or password.
    pub secret: Secret,
}
