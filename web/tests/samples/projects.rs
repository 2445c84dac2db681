use longshore_domain::DeploymentStatus;
use longshore_web::pages::view::*;

use super::deployments::row;
use super::{ago, page, render};

fn line(name: &str, live: i64, trouble: i64, rest: i64) -> EnvironmentLine {
    EnvironmentLine {
        id: "e1".to_owned(),
        name: name.to_owned(),
        live,
        trouble,
        rest,
    }
}

fn tile(name: &str, services: &str, environments: Vec<EnvironmentLine>) -> ProjectTile {
    ProjectTile {
        id: "p1".to_owned(),
        name: name.to_owned(),
        services: services.to_owned(),
        environments,
        last: None,
    }
}

fn last(status: DeploymentStatus, minutes: i64) -> LastDeployment {
    LastDeployment {
        href: "/deployments/d1".to_owned(),
        status: Status::of_deployment(status),
        at: ago(minutes),
    }
}

pub fn head(tab: &'static str) -> ProjectHead {
    let tab_of = |id: &str, name: &str, is_current| EnvironmentTab {
        id: id.to_owned(),
        name: name.to_owned(),
        is_current,
    };
    ProjectHead {
        id: "p1".to_owned(),
        name: "Harbour shop".to_owned(),
        environment_id: "e1".to_owned(),
        environments: vec![
            tab_of("e1", "production", tab != "settings"),
            tab_of("e2", "staging", false),
        ],
        tab,
    }
}

fn card(name: &str, status: Status, url: &str, last: Option<DeploymentRow>) -> ServiceCard {
    ServiceCard {
        id: "s1".to_owned(),
        name: name.to_owned(),
        status,
        host: url.trim_start_matches("https://").to_owned(),
        url: url.to_owned(),
        more_urls: usize::from(name == "web"),
        last,
    }
}

pub fn all() -> Vec<(&'static str, String)> {
    let in_project = |title: &str| page(title).below("Harbour shop", "/projects/p1");
    let typed = NewAppPage {
        page: in_project("New app").below("New app", ""),
        environment_id: "e1".to_owned(),
        environment_name: "production".to_owned(),
        project_name: "Harbour shop".to_owned(),
        name: "web".to_owned(),
        port: "70000".to_owned(),
        form: SourceForm {
            url: "ftp://example.com/shop".to_owned(),
            credentials: "token".to_owned(),
            build_is_open: true,
            ..SourceForm::default()
        },
        errors: FieldErrors::none()
            .with("port", "Port must be between 1 and 65535.")
            .with(
                "url",
                "Repository must start with https://, ssh:// or git://.",
            ),
    };
    vec![
        (
            "projects",
            render(&ProjectsPage {
                page: Page {
                    flash: Some(Flash {
                        tone: FlashTone::Good,
                        message: "The project “Harbour shop” was created.".to_owned(),
                    }),
                    ..page("Projects")
                },
                projects: vec![
                    ProjectTile {
                        last: Some(last(DeploymentStatus::Live, 4)),
                        ..tile(
                            "Harbour shop",
                            "6 services",
                            vec![line("production", 4, 0, 0), line("staging", 1, 1, 0)],
                        )
                    },
                    ProjectTile {
                        last: Some(last(DeploymentStatus::Building, 0)),
                        ..tile(
                            "Tide tables",
                            "2 services",
                            vec![line("production", 2, 0, 0)],
                        )
                    },
                    ProjectTile {
                        last: Some(last(DeploymentStatus::Failed, 190)),
                        ..tile(
                            "Lighthouse monitoring with a rather long name",
                            "3 services",
                            vec![line("production", 1, 1, 1)],
                        )
                    },
                    tile("Sketches", "No services", vec![line("production", 0, 0, 0)]),
                ],
                is_busy: true,
            }),
        ),
        (
            "projects-empty",
            render(&ProjectsPage {
                page: page("Projects"),
                ..ProjectsPage::default()
            }),
        ),
        (
            "project-new",
            render(&NewProjectPage {
                page: page("New project").below("New project", ""),
                name: "Harbour shop".to_owned(),
                errors: FieldErrors::none().with("name", "Name is taken by another project."),
            }),
        ),
        (
            "services",
            render(&ServicesPage {
                page: in_project("Harbour shop"),
                project: head("services"),
                services: vec![
                    card(
                        "web",
                        Status::of_service(longshore_control::view::ServiceStatus::Running),
                        "https://shop.example.com",
                        Some(row(42, DeploymentStatus::Live, 4)),
                    ),
                    card(
                        "api",
                        Status::of_service(longshore_control::view::ServiceStatus::Deploying),
                        "https://api.shop.example.com",
                        Some(row(17, DeploymentStatus::Building, 0)),
                    ),
                    card(
                        "mailer",
                        Status::of_service(longshore_control::view::ServiceStatus::Failed),
                        "",
                        Some(row(3, DeploymentStatus::Failed, 1500)),
                    ),
                    card(
                        "worker",
                        Status::of_service(longshore_control::view::ServiceStatus::NeverDeployed),
                        "",
                        None,
                    ),
                ],
                is_busy: true,
            }),
        ),
        (
            "services-empty",
            render(&ServicesPage {
                page: in_project("Harbour shop"),
                project: head("services"),
                ..ServicesPage::default()
            }),
        ),
        (
            "environment-variables",
            render(&EnvironmentVariablesPage {
                page: in_project("Shared variables"),
                project: head("variables"),
                variables: super::services::variables("/environments/e1/variables"),
                errors: FieldErrors::none(),
            }),
        ),
        (
            "project-variables",
            render(&ProjectVariablesPage {
                page: in_project("Variables"),
                project: head("project-variables"),
                variables: super::services::variables("/projects/p1/variables"),
                errors: FieldErrors::none(),
            }),
        ),
        (
            "project-settings",
            render(&ProjectSettingsPage {
                page: in_project("Settings"),
                project: head("settings"),
                name: "Harbour shop".to_owned(),
                environment_name: String::new(),
                terminals_allowed: true,
                confirmation_label: "Type “Harbour shop” to confirm".to_owned(),
                errors: FieldErrors::none(),
            }),
        ),
        (
            "app-new",
            render(&NewAppPage {
                page: in_project("New app").below("New app", ""),
                environment_id: "e1".to_owned(),
                environment_name: "production".to_owned(),
                project_name: "Harbour shop".to_owned(),
                ..NewAppPage::default()
            }),
        ),
        ("app-new-refused", render(&typed)),
        (
            "database-new",
            render(&NewDatabasePage {
                page: in_project("New database").below("New database", ""),
                environment_id: "e1".to_owned(),
                environment_name: "production".to_owned(),
                project_name: "Harbour shop".to_owned(),
                engines: vec![EngineChoice {
                    name: "postgres",
                    label: "PostgreSQL",
                    versions: "17, 16".to_owned(),
                    is_chosen: true,
                }],
                errors: FieldErrors::none().with("name", "The name is required."),
                ..NewDatabasePage::default()
            }),
        ),
        (
            "tunnel-new",
            render(&NewTunnelPage {
                page: in_project("New Cloudflare Tunnel").below("New Cloudflare Tunnel", ""),
                environment_id: "e1".to_owned(),
                environment_name: "production".to_owned(),
                project_name: "Harbour shop".to_owned(),
                name: "tunnel".to_owned(),
                usual_image: "cloudflare/cloudflared:2026.9.3".to_owned(),
                errors: FieldErrors::none().with(
                    "token",
                    "The token is cut off, changed or not that of a tunnel; copy it as a whole from Cloudflare’s dashboard.",
                ),
                ..NewTunnelPage::default()
            }),
        ),
    ]
}
