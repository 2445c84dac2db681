//! Projects and environments.

use longshore_control::{
    EnvironmentSummary, EnvironmentView, ProjectSummary, ProjectView, ServiceSummary,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A name for a new or renamed project or environment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameBody {
    /// The name.
    pub(crate) name: String,
}

/// A word that shows that a removal is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmBody {
    /// The name of what is removed.
    pub(crate) confirm: String,
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Project {
    id: Uuid,
    name: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// Whether shells may be opened in its containers; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    terminals_allowed: Option<bool>,
    environments: Vec<ProjectEnvironment>,
}

/// Whether shells may be opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TerminalsBody {
    pub(crate) allowed: bool,
}

/// An environment in its project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectEnvironment {
    id: Uuid,
    name: String,
}

impl From<ProjectView> for Project {
    fn from(view: ProjectView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            created_at: view.created_at,
            terminals_allowed: Some(view.terminals_allowed),
            environments: view.environments.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ProjectSummary> for Project {
    fn from(view: ProjectSummary) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            created_at: view.created_at,
            terminals_allowed: None,
            environments: view.environments.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<EnvironmentView> for ProjectEnvironment {
    fn from(view: EnvironmentView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
        }
    }
}

impl From<EnvironmentSummary> for ProjectEnvironment {
    fn from(view: EnvironmentSummary) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
        }
    }
}

/// An environment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Environment {
    id: Uuid,
    name: String,
    project: Uuid,
    services: Vec<ServiceInList>,
}

impl From<EnvironmentView> for Environment {
    fn from(view: EnvironmentView) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            project: view.project_id.0,
            services: view.services.into_iter().map(Into::into).collect(),
        }
    }
}

/// A service in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceInList {
    id: Uuid,
    name: String,
    /// `app`, `database` or `stack`.
    kind: &'static str,
    /// `never_deployed`, `running`, `deploying`, `failed` or `stopped`.
    status: &'static str,
    /// The number of the live deployment.
    live_number: Option<i32>,
    /// Where it is reached.
    urls: Vec<String>,
}

impl From<ServiceSummary> for ServiceInList {
    fn from(view: ServiceSummary) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            kind: view.kind.as_str(),
            status: view.status.as_str(),
            live_number: view.live.map(|live| live.number),
            urls: view.urls,
        }
    }
}
