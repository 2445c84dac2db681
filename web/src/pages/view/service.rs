//! The pages of a service.

use askama::Template;
use longshore_control::view::{ServiceKind, ServiceView, SourceView};

use super::deployment::archive_line;
use super::project::without_scheme;
use super::{
    DeploymentRow, DifferenceNotice, FailureNotice, FieldErrors, FlashTone, Icon, LogView, Page,
    SourceForm, Status, Timings, VariablesForm,
};

/// What all pages of a service show above their content.
#[derive(Debug, Clone)]
pub struct ServiceHead {
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
    /// Where it comes from.
    pub source: String,
    /// The icon of that.
    pub source_icon: Icon,
    /// The port; empty for a worker.
    pub port: String,
    /// The deployment under way; empty when there is none.
    pub running_deployment: String,
    /// Whether a version is live, so that it can be restarted.
    pub is_running: bool,
    /// Whether a person stopped the live version.
    pub is_stopped: bool,
    /// Whether it comes from archives that are uploaded.
    pub is_upload: bool,
    /// Whether it is a database.
    pub is_database: bool,
    /// Whether it is a stack.
    pub is_stack: bool,
    /// The section that is shown.
    pub tab: &'static str,
}

/// A section to choose.
#[derive(Debug, Clone)]
pub struct Tab {
    /// What it says.
    pub label: &'static str,
    /// The icon.
    pub icon: Icon,
    /// Where it leads.
    pub href: String,
    /// Whether it is shown.
    pub is_current: bool,
    /// Whether it holds what cannot be undone.
    pub is_danger: bool,
}

const TABS: [(&str, &str, Icon); 15] = [
    ("", "Overview", Icon::Heart),
    ("components", "Components", Icon::Layers),
    ("deployments", "Deployments", Icon::Rocket),
    ("variables", "Variables", Icon::Variable),
    ("domains", "Domains", Icon::Globe),
    ("logs", "Logs", Icon::Terminal),
    ("terminal", "Shell", Icon::Terminal),
    ("jobs", "Run once", Icon::Rocket),
    ("source", "Source", Icon::Branch),
    ("stack", "Compose file", Icon::Layers),
    ("run", "Run", Icon::Gear),
    ("database", "Settings", Icon::Gear),
    ("storage", "Storage", Icon::Disk),
    ("webhook", "Webhook", Icon::Hook),
    ("danger", "Danger", Icon::Alert),
];

impl ServiceHead {
    /// The head of a service's page for one section.
    pub fn new(service: &ServiceView, tab: &'static str) -> Self {
        let url = service
            .domains
            .first()
            .map(|domain| domain.url.clone())
            .unwrap_or_default();
        let status = Status::of_service(service.status);
        let (source, source_icon) = match &service.source {
            SourceView::Git { url, branch, .. } => {
                (format!("{} · {branch}", repository(url)), Icon::Branch)
            }
            SourceView::Image { reference } => (reference.clone(), Icon::Layers),
            SourceView::Compose { .. } => ("Compose file".to_owned(), Icon::Layers),
            SourceView::Upload { archive } => (
                match archive {
                    Some(archive) => archive_line(archive),
                    None => "Upload".to_owned(),
                },
                Icon::Archive,
            ),
        };
        Self {
            id: service.id.to_string(),
            name: service.name.clone(),
            host: without_scheme(&url).to_owned(),
            url,
            source,
            source_icon,
            port: service
                .port
                .map(|port| port.to_string())
                .unwrap_or_default(),
            running_deployment: match &service.latest {
                Some(latest) if status.is_busy() => latest.id.to_string(),
                _ => String::new(),
            },
            is_running: service.live.is_some() && !service.stopped,
            is_stopped: service.live.is_some() && service.stopped,
            status,
            is_upload: matches!(service.source, SourceView::Upload { .. }),
            is_database: service.database.is_some(),
            is_stack: service.kind == ServiceKind::Stack,
            tab,
        }
    }

    /// All sections.
    pub fn tabs(&self) -> Vec<Tab> {
        let is_for_stacks = |id: &str| matches!(id, "components" | "stack");
        let is_for_apps = |id: &str| matches!(id, "domains" | "source" | "run" | "webhook");
        TABS.iter()
            .filter(|(id, _, _)| {
                if self.is_database {
                    !is_for_apps(id) && !is_for_stacks(id)
                } else if self.is_stack {
                    !matches!(*id, "source" | "run" | "database" | "storage" | "jobs")
                } else {
                    *id != "database" && !is_for_stacks(id)
                }
            })
            .map(|&(id, label, icon)| Tab {
                label,
                icon,
                href: if id.is_empty() {
                    format!("/services/{}", self.id)
                } else {
                    format!("/services/{}/{id}", self.id)
                },
                is_current: id == self.tab,
                is_danger: id == "danger",
            })
            .collect()
    }

    /// Where the webhook is made or its secret changed.
    pub fn webhook(&self) -> String {
        format!("/services/{}/webhook", self.id)
    }

    /// Where its containers are replaced by new ones.
    pub fn restart(&self) -> String {
        format!("/services/{}/restart", self.id)
    }

    /// Where its connection URL is shown.
    pub fn connection(&self) -> String {
        format!("/services/{}/connection", self.id)
    }

    /// Where its password is changed.
    pub fn password(&self) -> String {
        format!("/services/{}/password", self.id)
    }

    /// Where it is stopped.
    pub fn stop(&self) -> String {
        format!("/services/{}/stop", self.id)
    }

    /// Where it is started again.
    pub fn start(&self) -> String {
        format!("/services/{}/start", self.id)
    }
}

/// A repository's URL as people say it.
fn repository(url: &str) -> &str {
    without_scheme(url)
        .trim_start_matches("ssh://")
        .trim_start_matches("git@")
        .trim_end_matches(".git")
}

/// The overview of a service.
#[derive(Template)]
#[template(path = "service/overview.html")]
pub struct OverviewPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The deploy key to be added at the Git host; empty when there is none.
    pub deploy_key: String,
    /// The deployment that serves.
    pub live: Option<DeploymentRow>,
    /// Where the time of that deployment went.
    pub live_timings: Timings,
    /// Why the newest deployment failed.
    pub failure: Option<FailureNotice>,
    /// What on the machine is not as it shall be.
    pub differences: Vec<DifferenceNotice>,
    /// Where the service can be reached.
    pub addresses: Vec<Address>,
    /// The newest deployments.
    pub deployments: Vec<DeploymentRow>,
}

/// An address to copy.
#[derive(Debug, Clone)]
pub struct Address {
    /// Who can use it.
    pub label: &'static str,
    /// The address.
    pub value: String,
}

impl Address {
    /// All addresses of a service: its domains and its name in the private network.
    pub fn all_of(service: &ServiceView) -> Vec<Self> {
        let public = service.domains.iter().map(|domain| Self {
            label: "From outside",
            value: domain.url.clone(),
        });
        let private = service.port.map(|port| Self {
            label: "Inside the environment",
            value: format!("http://{}:{port}", service.internal_host),
        });
        public.chain(private).collect()
    }
}

/// The deployments of a service.
#[derive(Template)]
#[template(path = "service/deployments.html")]
pub struct DeploymentsPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The deployments of this page of the list.
    pub deployments: Vec<DeploymentRow>,
    /// This page of the list.
    pub here: String,
    /// The page with older ones; empty on the last.
    pub older: String,
    /// The first page; empty on the first.
    pub newer: String,
}

/// The variables of a service.
#[derive(Template)]
#[template(path = "service/variables.html")]
pub struct VariablesPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The editor.
    pub variables: VariablesForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// The live log of a service.
#[derive(Template)]
#[template(path = "service/logs.html")]
pub struct LogsPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The log.
    pub log: LogView,
    /// Whose lines can be chosen, of a stack.
    pub components: Vec<ComponentLink>,
}

/// A choice of whose lines are shown.
#[derive(Debug, Clone)]
pub struct ComponentLink {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Whether it is chosen.
    pub is_current: bool,
}

impl ComponentLink {
    /// All lines together, and those of each component.
    pub fn all_of(service: &ServiceView, chosen: Option<&str>) -> Vec<Self> {
        if service.components.is_empty() {
            return Vec::new();
        }
        let here = format!("/services/{}/logs", service.id);
        let all = Self {
            label: "All".to_owned(),
            href: here.clone(),
            is_current: chosen.is_none(),
        };
        let each = service.components.iter().map(|component| Self {
            label: component.name.clone(),
            href: format!("{here}?component={}", component.name),
            is_current: chosen == Some(component.name.as_str()),
        });
        std::iter::once(all).chain(each).collect()
    }
}

/// Where a service comes from and how it is built.
#[derive(Template)]
#[template(path = "service/source.html")]
pub struct SourcePage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The deploy key to be added at the Git host; empty when there is none.
    pub deploy_key: String,
    /// The form.
    pub form: SourceForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// What cannot be undone.
#[derive(Template)]
#[template(path = "service/danger.html")]
pub struct DangerPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// Whether a person stopped it.
    pub is_stopped: bool,
    /// Whether it has volumes, whose data stays unless asked for.
    pub has_data: bool,
    /// What to type to delete it.
    pub confirmation_label: String,
    /// What is wrong.
    pub errors: FieldErrors,
}
