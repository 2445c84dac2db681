//! The pages of a project and its environments.

use askama::Template;
use longshore_control::view::{EnvironmentView, ProjectView, ServiceSummary};
use time::OffsetDateTime;

use super::{DeploymentRow, FieldErrors, FlashTone, Icon, Page, Status, VariablesForm};

/// What all pages of a project show above their content.
#[derive(Debug, Clone, Default)]
pub struct ProjectHead {
    /// The project's id.
    pub id: String,
    /// The project's name.
    pub name: String,
    /// The environment that is shown.
    pub environment_id: String,
    /// All environments.
    pub environments: Vec<EnvironmentTab>,
    /// The section that is shown: `services`, `variables`, `project-variables` or `settings`.
    pub tab: &'static str,
}

/// An environment to choose.
#[derive(Debug, Clone)]
pub struct EnvironmentTab {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is shown.
    pub is_current: bool,
}

impl ProjectHead {
    /// The head for one environment of a project.
    pub fn new(project: &ProjectView, current: &EnvironmentView, tab: &'static str) -> Self {
        let of_project = matches!(tab, "settings" | "project-variables");
        Self {
            id: project.id.to_string(),
            name: project.name.clone(),
            environment_id: current.id.to_string(),
            environments: project
                .environments
                .iter()
                .map(|environment| EnvironmentTab {
                    id: environment.id.to_string(),
                    name: environment.name.clone(),
                    is_current: environment.id == current.id && !of_project,
                })
                .collect(),
            tab,
        }
    }
}

/// The services of an environment.
#[derive(Template, Default)]
#[template(path = "project/services.html")]
pub struct ServicesPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub project: ProjectHead,
    /// The services.
    pub services: Vec<ServiceCard>,
    /// Whether the page shall look again soon.
    pub is_busy: bool,
}

/// A service in the list.
#[derive(Debug, Clone)]
pub struct ServiceCard {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it does.
    pub status: Status,
    /// Its first address; empty when it has none.
    pub url: String,
    /// The address without the scheme.
    pub host: String,
    /// How many addresses it has besides.
    pub more_urls: usize,
    /// The newest deployment.
    pub last: Option<DeploymentRow>,
}

impl ServiceCard {
    /// A service of a list as seen from `now`.
    pub fn new(service: &ServiceSummary, now: OffsetDateTime) -> Self {
        let url = service.urls.first().cloned().unwrap_or_default();
        Self {
            id: service.id.to_string(),
            name: service.name.clone(),
            status: Status::of_service(service.status),
            host: without_scheme(&url).to_owned(),
            url,
            more_urls: service.urls.len().saturating_sub(1),
            last: service
                .latest
                .as_ref()
                .map(|latest| DeploymentRow::new(latest, now)),
        }
    }
}

/// A URL as people say it.
pub fn without_scheme(url: &str) -> &str {
    url.trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_end_matches('/')
}

/// The variables of an environment.
#[derive(Template, Default)]
#[template(path = "project/variables.html")]
pub struct EnvironmentVariablesPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub project: ProjectHead,
    /// The editor.
    pub variables: VariablesForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// The variables of a project.
#[derive(Template, Default)]
#[template(path = "project/project_variables.html")]
pub struct ProjectVariablesPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub project: ProjectHead,
    /// The editor.
    pub variables: VariablesForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// The settings of a project.
#[derive(Template, Default)]
#[template(path = "project/settings.html")]
pub struct ProjectSettingsPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub project: ProjectHead,
    /// The name as typed.
    pub name: String,
    /// The new environment's name as typed.
    pub environment_name: String,
    /// Whether shells may be opened in its containers.
    pub terminals_allowed: bool,
    /// What to type to delete it.
    pub confirmation_label: String,
    /// What is wrong.
    pub errors: FieldErrors,
}
