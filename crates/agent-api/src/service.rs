//! What runs on the machine, and requests that are no deployments.

use longshore_domain::route::Route;
use longshore_domain::{
    CommitSha, EnvironmentId, FailureKind, GitRef, GitUrl, ServiceId, Sha256Digest,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{DashboardRoute, LogStream, Repository};

/// What the agent says of itself and its machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentInfo {
    /// [`crate::PROTOCOL_VERSION`] of the agent.
    pub protocol: u32,
    /// The agent's version.
    pub version: String,
    /// The instance's name, the prefix of all its objects in Docker.
    pub instance: String,
    /// The machine's host name.
    pub host_name: String,
    /// Docker's version; none when Docker does not answer.
    pub docker_version: Option<String>,
    /// Whether the machine is an active Swarm manager.
    pub swarm_ready: bool,
    /// Whether the proxy runs and answers.
    pub proxy_ready: bool,
    /// Why the proxy did not take the last change of its configuration; none when it did.
    #[serde(default)]
    pub proxy_refusal: Option<String>,
    /// The proxy's image.
    pub proxy_image: String,
    /// Cores.
    pub cores: u32,
    /// Memory in bytes.
    pub memory_total_bytes: u64,
    /// Memory that programs can still get, in bytes.
    pub memory_available_bytes: u64,
    /// Size of the file system with the agent's data, in bytes.
    pub disk_total_bytes: u64,
    /// What is free of it, in bytes.
    pub disk_free_bytes: u64,
    /// Jobs that work at the moment.
    pub running_jobs: u32,
}

/// New routes for a service whose live version stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteUpdate {
    /// The number of the live deployment.
    pub live_number: i32,
    /// All routes from now on.
    pub routes: Vec<Route>,
}

/// What a service's live version shall do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningUpdate {
    /// The number of the live deployment.
    pub live_number: i32,
    /// Containers; 0 stops it.
    pub replicas: u32,
    /// Whether containers that run are replaced.
    pub restart: bool,
}

/// What runs of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// The service.
    pub service: ServiceId,
    /// Numbers of the deployments that have a Swarm service, with their containers.
    pub versions: Vec<VersionStatus>,
}

/// What runs of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionStatus {
    /// The deployment's number.
    pub number: i32,
    /// Containers wanted.
    pub desired: u32,
    /// Containers that run.
    pub running: u32,
    /// What Docker says of the newest container that does not run.
    pub trouble: Option<String>,
}

/// How containers of one version ended that should run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct VersionEnds {
    /// Whether the list can be relied on. Not while Docker, after a restart, is still
    /// starting what it had stopped, nor when there is no such version.
    pub is_settled: bool,
    /// The ends that Docker still knows, without those that its own restart caused.
    pub ends: Vec<ContainerEnd>,
}

/// One end of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerEnd {
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Why.
    pub kind: FailureKind,
    /// Why, as a sentence.
    pub message: String,
    /// What it wrote last.
    pub last_lines: Vec<ContainerLine>,
}

/// A line of a running container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerLine {
    /// When it was written.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The container (Swarm's task slot, such as `1`).
    pub replica: String,
    /// Where it came from.
    pub stream: LogStream,
    /// The text without its line end.
    pub text: String,
}

/// A question whether a repository can be read and has a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryCheck {
    /// The repository.
    pub repository: Repository,
    /// The branch to look for.
    pub branch: Option<GitRef>,
}

/// The answer to a [`RepositoryCheck`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryReport {
    /// The head of the branch asked for.
    pub head: Option<CommitSha>,
    /// The repository's default branch.
    pub default_branch: Option<String>,
    /// Names of branches, at most 200.
    pub branches: Vec<String>,
    /// The SSH host key's fingerprint.
    pub host_key: Option<String>,
}

/// Everything of this instance that shall exist on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct DesiredState {
    /// Environments that exist.
    pub environments: Vec<EnvironmentId>,
    /// Services that exist.
    pub services: Vec<DesiredService>,
    /// Stacks that exist; absent when the server does not say: then all of their networks
    /// stay.
    #[serde(default)]
    pub stacks: Option<Vec<ServiceId>>,
    /// Repositories that services are built from: mirrors of others may go after a while.
    /// Absent when the server does not say; then all stay.
    #[serde(default)]
    pub repositories: Option<Vec<GitUrl>>,
    /// Uploaded archives that are in use: others may go after a while. Absent when the
    /// server does not say; then all stay.
    #[serde(default)]
    pub uploads: Option<Vec<Sha256Digest>>,
    /// The way to the dashboard on its own domain; absent when it has none.
    #[serde(default)]
    pub dashboard: Option<DashboardRoute>,
}

/// One service that shall exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredService {
    /// The service.
    pub service: ServiceId,
    /// The number of its live deployment, if it has one.
    pub live_number: Option<i32>,
    /// Containers of the live version; 0 when a person stopped it.
    pub replicas: u32,
    /// Numbers of deployments that wait or work; nothing of theirs is a leftover.
    pub active_numbers: Vec<i32>,
    /// Its routes.
    pub routes: Vec<Route>,
    /// Numbers of deployments whose images are kept for rollback.
    pub kept_numbers: Vec<i32>,
}

/// An error answer of the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct AgentProblem {
    /// The kind.
    pub kind: FailureKind,
    /// A sentence for people.
    pub message: String,
}
