//! Samples of the pages of stacks.

use longshore_control::view::ServiceStatus;
use longshore_web::pages::view::*;

use super::deployments::log;
use super::services::{frame, head};
use super::{page, render};

fn stack(tab: &'static str) -> ServiceHead {
    ServiceHead {
        is_stack: true,
        port: String::new(),
        source: "github.com/harbour/shop · main".to_owned(),
        ..head(tab, ServiceStatus::Running)
    }
}

fn component(name: &str, status: Status, trouble: &str) -> ComponentRow {
    ComponentRow {
        name: name.to_owned(),
        status,
        image: "postgres:15".to_owned(),
        port: "5432".to_owned(),
        host: format!("shop-{name}"),
        number: 3,
        trouble: trouble.to_owned(),
        volumes: vec!["pgdata".to_owned()],
    }
}

pub fn all() -> Vec<(&'static str, String)> {
    let typed = StackForm {
        source: "typed".to_owned(),
        compose: "services:\n  web:\n    image: nginx:1.27\n".to_owned(),
        ..StackForm::default()
    };
    let running = Status::new("tone-good", Icon::CheckCircle, "Running");
    let broken = Status::new("tone-warn", Icon::Alert, "Not complete");
    vec![
        (
            "stack-new",
            render(&NewStackPage {
                page: page("New stack"),
                environment_id: "e1".to_owned(),
                environment_name: "production".to_owned(),
                project_name: "Harbour shop".to_owned(),
                form: StackForm {
                    git: SourceForm::default(),
                    ..StackForm::default()
                },
                ..NewStackPage::default()
            }),
        ),
        (
            "stack-settings",
            render(&StackPage {
                page: frame("Compose file"),
                service: stack("stack"),
                deploy_key: String::new(),
                form: typed,
                errors: FieldErrors::none().with("compose", "is required"),
            }),
        ),
        (
            "stack-components",
            render(&ComponentsPage {
                page: frame("Components"),
                service: stack("components"),
                components: vec![
                    component("db", running, ""),
                    component("web", broken, "task: non-zero exit (1)"),
                ],
            }),
        ),
        (
            "stack-components-none",
            render(&ComponentsPage {
                page: frame("Components"),
                service: stack("components"),
                components: Vec::new(),
            }),
        ),
        (
            "stack-logs",
            render(&LogsPage {
                page: frame("Logs"),
                service: stack("logs"),
                log: log(true),
                components: vec![
                    ComponentLink {
                        label: "All".to_owned(),
                        href: "/services/s1/logs".to_owned(),
                        is_current: false,
                    },
                    ComponentLink {
                        label: "web".to_owned(),
                        href: "/services/s1/logs?component=web".to_owned(),
                        is_current: true,
                    },
                ],
            }),
        ),
    ]
}
