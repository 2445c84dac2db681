//! The list of projects.

use askama::Template;
use longshore_control::view::ProjectSummary;
use time::OffsetDateTime;

use super::{FieldErrors, FlashTone, Icon, Page, Status, When};

/// All projects of the team.
#[derive(Template, Default)]
#[template(path = "projects/index.html")]
pub struct ProjectsPage {
    /// The frame.
    pub page: Page,
    /// The projects.
    pub projects: Vec<ProjectTile>,
    /// Whether the page shall look again soon.
    pub is_busy: bool,
}

/// A project in the list.
#[derive(Debug, Clone, Default)]
pub struct ProjectTile {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How many services it has, in words.
    pub services: String,
    /// Its environments.
    pub environments: Vec<EnvironmentLine>,
    /// The newest deployment.
    pub last: Option<LastDeployment>,
}

/// The newest deployment of a project.
#[derive(Debug, Clone)]
pub struct LastDeployment {
    /// Where it leads.
    pub href: String,
    /// How it stands.
    pub status: Status,
    /// When it was asked for.
    pub at: When,
}

/// An environment of a project in the list.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentLine {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Services that serve.
    pub live: i64,
    /// Services whose newest deployment failed.
    pub trouble: i64,
    /// The others.
    pub rest: i64,
}

impl ProjectTile {
    /// A project of the list as seen from `now`.
    pub fn new(project: &ProjectSummary, now: OffsetDateTime) -> Self {
        let count: i64 = project
            .environments
            .iter()
            .map(|environment| environment.service_count)
            .sum();
        let environments = project.environments.iter().map(|environment| {
            let trouble = environment.trouble_count;
            EnvironmentLine {
                id: environment.id.to_string(),
                name: environment.name.clone(),
                live: environment.live_count,
                trouble,
                rest: (environment.service_count - environment.live_count - trouble).max(0),
            }
        });
        Self {
            id: project.id.to_string(),
            name: project.name.clone(),
            services: match count {
                0 => "No services".to_owned(),
                1 => "1 service".to_owned(),
                count => format!("{count} services"),
            },
            environments: environments.collect(),
            last: project.last_deployment.as_ref().map(|last| LastDeployment {
                href: format!("/deployments/{}", last.id),
                status: Status::of_deployment(last.status),
                at: When::new(last.queued_at, now),
            }),
        }
    }
}

/// The form for a new project.
#[derive(Template, Default)]
#[template(path = "projects/new.html")]
pub struct NewProjectPage {
    /// The frame.
    pub page: Page,
    /// The name as typed.
    pub name: String,
    /// What is wrong.
    pub errors: FieldErrors,
}
