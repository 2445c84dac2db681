//! The pages of stacks.

use askama::Template;
use longshore_control::ComponentView;
use longshore_control::view::{ServiceView, SourceView};
use longshore_domain::source::Build;

use super::{FieldErrors, FlashTone, Icon, Page, ServiceHead, SourceForm, Status};
use crate::state::VersionState;

/// The form for a new stack.
#[derive(Template, Default)]
#[template(path = "project/new_stack.html")]
pub struct NewStackPage {
    /// The frame.
    pub page: Page,
    /// The environment it will belong to.
    pub environment_id: String,
    /// The environment's name.
    pub environment_name: String,
    /// The project's name.
    pub project_name: String,
    /// The name as typed.
    pub name: String,
    /// Where the file is.
    pub form: StackForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// Where the Compose file of a stack is.
#[derive(Template)]
#[template(path = "service/stack.html")]
pub struct StackPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The deploy key to be added at the Git host; empty when there is none.
    pub deploy_key: String,
    /// The form.
    pub form: StackForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// Where the file is, as typed.
#[derive(Debug, Clone, Default)]
pub struct StackForm {
    /// `git` or `typed`.
    pub source: String,
    /// The repository.
    pub git: SourceForm,
    /// The file in it.
    pub compose_path: String,
    /// The file's text.
    pub compose: String,
}

impl StackForm {
    /// The form with what a stack has.
    pub fn of_service(service: &ServiceView) -> Self {
        let (source, compose) = match &service.source {
            SourceView::Compose { text } => ("typed", text.clone()),
            SourceView::Git { .. } | SourceView::Image { .. } | SourceView::Upload { .. } => {
                ("git", String::new())
            }
        };
        Self {
            source: source.to_owned(),
            git: SourceForm::of_service(service),
            compose_path: match &service.build {
                Build::Compose(compose) => compose.path.to_string(),
                Build::Dockerfile(_) | Build::Static(_) | Build::Auto(_) => String::new(),
            },
            compose,
        }
    }
}

/// What runs of a stack.
#[derive(Template)]
#[template(path = "service/components.html")]
pub struct ComponentsPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The components.
    pub components: Vec<ComponentRow>,
}

/// A component in the list.
#[derive(Debug, Clone)]
pub struct ComponentRow {
    /// Its name.
    pub name: String,
    /// How it does.
    pub status: Status,
    /// Its image, or that it is built.
    pub image: String,
    /// The port that the file names first; empty when it names none.
    pub port: String,
    /// Its host name for the environment.
    pub host: String,
    /// The number of the deployment that started it.
    pub number: i32,
    /// What is wrong; empty when nothing is.
    pub trouble: String,
    /// Its volumes.
    pub volumes: Vec<String>,
}

impl ComponentRow {
    /// A component with what is seen of it.
    pub fn new(component: &ComponentView, seen: Option<&VersionState>, is_stopped: bool) -> Self {
        let trouble = seen
            .filter(|seen| seen.running < component.replicas && !is_stopped)
            .and_then(|seen| seen.trouble.clone())
            .unwrap_or_default();
        Self {
            name: component.name.clone(),
            status: Status::of_component(component, seen, is_stopped),
            image: component
                .image
                .clone()
                .unwrap_or_else(|| "built here".to_owned()),
            port: component
                .port
                .map(|port| port.to_string())
                .unwrap_or_default(),
            host: component.internal_host.clone().unwrap_or_default(),
            number: component.number,
            trouble,
            volumes: component.volumes.iter().map(ToString::to_string).collect(),
        }
    }
}
