//! Views of projects, environments and lists of services.

use longshore_domain::{EnvironmentId, ProjectId, ServiceId};
use serde::Serialize;
use time::OffsetDateTime;

use super::DeploymentSummary;

/// A project in the list of projects.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectSummary {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// Its environments.
    pub environments: Vec<EnvironmentSummary>,
    /// The newest deployment of any of its services.
    pub last_deployment: Option<DeploymentSummary>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// An environment in the list of projects.
#[derive(Debug, Clone, Serialize)]
pub struct EnvironmentSummary {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
    /// How many services it has.
    pub service_count: i64,
    /// How many of them have a live version that is not stopped.
    pub live_count: i64,
    /// How many of them failed in their newest deployment.
    pub trouble_count: i64,
}

/// A project.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectView {
    /// Its id.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Whether shells may be opened in its containers.
    pub terminals_allowed: bool,
    /// Its environments, in the order in which they were made.
    pub environments: Vec<EnvironmentView>,
}

/// An environment.
#[derive(Debug, Clone, Serialize)]
pub struct EnvironmentView {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project_id: ProjectId,
    /// Its project's name.
    pub project_name: String,
    /// Its services.
    pub services: Vec<ServiceSummary>,
}

/// A service in a list.
#[derive(Debug, Clone, Serialize)]
pub struct ServiceSummary {
    /// Its id.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ServiceKind,
    /// How it does.
    pub status: ServiceStatus,
    /// The deployment that serves.
    pub live: Option<DeploymentSummary>,
    /// The newest deployment.
    pub latest: Option<DeploymentSummary>,
    /// Where it can be reached from outside.
    pub urls: Vec<String>,
}

/// What a service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// Built from a repository, or run from an image.
    App,
    /// A managed database.
    Database,
    /// A Compose file.
    Stack,
}

impl ServiceKind {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Database => "database",
            Self::Stack => "stack",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "database" => Self::Database,
            "stack" => Self::Stack,
            _ => Self::App,
        }
    }
}

/// How a service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceStatus {
    /// Nothing was deployed yet, or nothing came of it.
    NeverDeployed,
    /// A version is live.
    Running,
    /// A deployment waits or works.
    Deploying,
    /// No version is live and the newest deployment failed.
    Failed,
    /// A person stopped it.
    Stopped,
}

impl ServiceStatus {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeverDeployed => "never_deployed",
            Self::Running => "running",
            Self::Deploying => "deploying",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}
