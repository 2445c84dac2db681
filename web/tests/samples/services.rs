use longshore_control::TerminalContainers;
use longshore_control::view::{Decision, ServiceStatus};
use longshore_domain::{DeploymentStatus, StageTimings};
use longshore_web::pages::view::*;

use super::deployments::{log, row};
use super::{ago, page, render};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKq0mC3xw7v0bWnR2p8m0Yv1v5oW1n0p7mT8h3eXkq2L longshore";

pub fn head(tab: &'static str, status: ServiceStatus) -> ServiceHead {
    ServiceHead {
        id: "s1".to_owned(),
        name: "web".to_owned(),
        status: Status::of_service(status),
        url: "https://shop.example.com".to_owned(),
        host: "shop.example.com".to_owned(),
        source: "github.com/harbour/shop · main".to_owned(),
        source_icon: Icon::Branch,
        port: "8080".to_owned(),
        running_deployment: if status == ServiceStatus::Deploying {
            "d1".to_owned()
        } else {
            String::new()
        },
        is_running: status != ServiceStatus::NeverDeployed && status != ServiceStatus::Stopped,
        is_stopped: status == ServiceStatus::Stopped,
        is_upload: false,
        is_database: false,
        is_stack: false,
        tab,
    }
}

pub fn frame(title: &str) -> Page {
    page(title)
        .below("Harbour shop", "/projects/p1")
        .below("production", "/environments/e1")
        .below("web", "/services/s1")
}

pub fn variables(action: &str) -> VariablesForm {
    let pair = |key: &str, value: &str, is_secret| Pair {
        key: key.to_owned(),
        value: value.to_owned(),
        is_secret,
        is_saved: true,
        is_kept: is_secret,
        is_generated: is_secret,
        ..Pair::default()
    };
    VariablesForm {
        action: action.to_owned(),
        pairs: vec![
            pair("DATABASE_URL", "${{db.DATABASE_URL}}", false),
            pair("GREETING", "Ahoy", false),
            pair("STRIPE_KEY", "", true),
            Pair {
                key: "9LIVES".to_owned(),
                value: "cat".to_owned(),
                error: "Name must start with a letter or an underscore.".to_owned(),
                ..Pair::default()
            },
            Pair {
                warning: "CACHE_URL refers to ${{cache.URL}}, which does not exist.".to_owned(),
                ..pair("CACHE_URL", "${{cache.URL}}", false)
            },
            Pair::default(),
        ],
        changes: vec![ChangeList {
            label: "Added",
            names: vec!["CACHE_URL".to_owned(), "STRIPE_KEY".to_owned()],
        }],
        note: "2 changes wait for the next deployment.".to_owned(),
        ..VariablesForm::default()
    }
}

fn rows() -> Vec<DeploymentRow> {
    vec![
        row(42, DeploymentStatus::Live, 4),
        row(41, DeploymentStatus::Failed, 50),
        row(40, DeploymentStatus::Retired, 300),
        row(39, DeploymentStatus::Superseded, 301),
        row(38, DeploymentStatus::Cancelled, 3000),
    ]
}

fn timings() -> Timings {
    Timings::new(&StageTimings {
        queued: Some(120),
        fetching: Some(840),
        building: Some(24_300),
        starting: Some(2_100),
        verifying: Some(1_450),
        switching: Some(310),
        ..StageTimings::default()
    })
}

fn overview(status: ServiceStatus, deployments: Vec<DeploymentRow>, key: &str) -> String {
    let failed = status == ServiceStatus::Running;
    render(&OverviewPage {
        page: frame("web"),
        service: head("", status),
        deploy_key: key.to_owned(),
        live: deployments.first().cloned(),
        live_timings: timings(),
        failure: failed.then(|| FailureNotice {
            deployment: "d1".to_owned(),
            heading: "Deployment #43 did not pass its checks".to_owned(),
            message: "Nothing answers on port 8080 after 75 seconds.".to_owned(),
            advice: "Check the service's port, and that the program listens on 0.0.0.0 rather than 127.0.0.1.".to_owned(),
        }),
        differences: if failed {
            Vec::new()
        } else {
            vec![DifferenceNotice {
                what: "The containers of Shop / web".to_owned(),
                why: "Version 41 is gone; deploy it again.".to_owned(),
                href: "/services/s1".to_owned(),
            }]
        },
        addresses: vec![
            Address {
                label: "From outside",
                value: "https://shop.example.com".to_owned(),
            },
            Address {
                label: "Inside the environment",
                value: "http://web:8080".to_owned(),
            },
        ],
        deployments,
    })
}

pub fn all() -> Vec<(&'static str, String)> {
    let domain = |shown: &str, tls, tls_icon, strips| DomainRow {
        id: "m1".to_owned(),
        url: format!("https://{shown}"),
        shown: shown.to_owned(),
        tls,
        tls_icon,
        port: if strips { "9000" } else { "" }.to_owned(),
        strips,
        component: String::new(),
        tags: Vec::new(),
        twin: String::new(),
        certificate: None,
    };
    let delivery = |decision, reason: &str, deployment: &str| DeliveryRow {
        decision: Status::of_decision(decision),
        event: "github push".to_owned(),
        reason: reason.to_owned(),
        commit: "9f1c2ab4".to_owned(),
        deployment: deployment.to_owned(),
        at: ago(5),
    };
    let webhook = |url: &str, secret: &str, deliveries| WebhookPage {
        page: frame("Webhook"),
        service: head("webhook", ServiceStatus::Running),
        branch: "main".to_owned(),
        url: url.to_owned(),
        secret: secret.to_owned(),
        is_image: false,
        deliveries,
    };
    let hook_url = "https://panel.example.com/hooks/github/0199c5a2-3f1e-7a40-9d11-0c6a7f2b9e55";
    let domains = |domains, errors| DomainsPage {
        page: frame("Domains"),
        service: head("domains", ServiceStatus::Running),
        domains,
        form: DomainForm::default(),
        components: Vec::new(),
        errors,
        providers: Vec::new(),
        certificates: Vec::new(),
    };
    let choice = |id: &str, label: &str| CertificateChoice {
        id: id.to_owned(),
        label: label.to_owned(),
    };
    let certificates = vec![
        choice("c1", "Cloudflare origin, until 2040-03-10"),
        choice("c2", "Harbour Trust, ran out on 2026-03-01"),
    ];
    let mut live_log = log(true);
    "Log of the live version".clone_into(&mut live_log.label);
    vec![
        ("service", overview(ServiceStatus::Running, rows(), "")),
        (
            "service-deploying",
            overview(ServiceStatus::Deploying, rows(), ""),
        ),
        (
            "service-new",
            overview(ServiceStatus::NeverDeployed, Vec::new(), KEY),
        ),
        (
            "service-deployments",
            render(&DeploymentsPage {
                page: frame("Deployments"),
                service: head("deployments", ServiceStatus::Running),
                deployments: rows(),
                here: "/services/s1/deployments".to_owned(),
                older: "/services/s1/deployments?after=38".to_owned(),
                newer: String::new(),
            }),
        ),
        (
            "service-variables",
            render(&VariablesPage {
                page: frame("Variables"),
                service: head("variables", ServiceStatus::Running),
                variables: variables("/services/s1/variables"),
                errors: FieldErrors::none().with("key[3]", ""),
            }),
        ),
        (
            "service-jobs",
            render(&JobsPage {
                page: frame("Run once"),
                service: head("jobs", ServiceStatus::Running),
                jobs: vec![JobRow {
                    id: "j1".to_owned(),
                    command: "bin/import --all".to_owned(),
                    status: Status::BROKEN,
                    end: "Exit code 3".to_owned(),
                    at: ago(60),
                    can_cancel: true,
                    log: "Importing ships\n<b>Harbour</b> is full\n".to_owned(),
                }],
                is_busy: true,
                command: String::new(),
                minutes: "60".to_owned(),
                errors: FieldErrors::none().with("command", "The command must name a program."),
            }),
        ),
        (
            "service-terminal",
            render(&TerminalPage {
                page: frame("Shell"),
                service: head("terminal", ServiceStatus::Running),
                allowed: true,
                containers: ContainerChoice::all(
                    &[TerminalContainers {
                        component: None,
                        count: 2,
                    }],
                    "",
                ),
                console: "PostgreSQL",
            }),
        ),
        (
            "service-terminal-forbidden",
            render(&TerminalPage {
                page: frame("Shell"),
                service: head("terminal", ServiceStatus::Running),
                allowed: false,
                containers: Vec::new(),
                console: "",
            }),
        ),
        (
            "service-domains",
            render(&domains(
                vec![
                    domain(
                        "shop.example.com",
                        "Certificate by ACME",
                        Icon::Shield,
                        false,
                    ),
                    domain("example.com/shop", "Plain HTTP", Icon::Globe, true),
                ],
                FieldErrors::none().with("host", "Host is taken by another service."),
            )),
        ),
        (
            "service-domains-empty",
            render(&domains(Vec::new(), FieldErrors::none())),
        ),
        (
            "service-domains-certificate",
            render(&DomainsPage {
                form: DomainForm {
                    host: "shop.example.com".to_owned(),
                    tls: "custom".to_owned(),
                    certificate: "c2".to_owned(),
                    ..DomainForm::default()
                },
                certificates: certificates.clone(),
                ..domains(
                    Vec::new(),
                    FieldErrors::none().with(
                        "certificate",
                        "The certificate is not valid for shop.example.com.",
                    ),
                )
            }),
        ),
        (
            "service-domain",
            render(&DomainPage {
                page: frame("Domains"),
                service: head("domains", ServiceStatus::Running),
                domain: domain("shop.example.com", "Own certificate", Icon::Lock, false),
                form: DomainForm {
                    host: "shop.example.com".to_owned(),
                    path_prefix: "/".to_owned(),
                    tls: "custom".to_owned(),
                    certificate: "c1".to_owned(),
                    ..DomainForm::default()
                },
                options: DomainOptionsForm::default().with_empty_rows(),
                others: Vec::new(),
                providers: Vec::new(),
                certificates,
                errors: FieldErrors::none(),
            }),
        ),
        (
            "service-logs",
            render(&LogsPage {
                page: frame("Logs"),
                service: head("logs", ServiceStatus::Running),
                log: live_log,
                components: Vec::new(),
            }),
        ),
        (
            "service-source-static",
            render(&SourcePage {
                page: frame("Source"),
                service: head("source", ServiceStatus::Running),
                deploy_key: String::new(),
                form: SourceForm {
                    url: "https://example.com/harbour/site.git".to_owned(),
                    build: "static".to_owned(),
                    directory: "dist".to_owned(),
                    spa: true,
                    build_command: "npm run build".to_owned(),
                    ..SourceForm::default()
                },
                errors: FieldErrors::none(),
            }),
        ),
        (
            "service-source",
            render(&SourcePage {
                page: frame("Source"),
                service: head("source", ServiceStatus::Running),
                deploy_key: KEY.to_owned(),
                form: SourceForm {
                    url: "git@github.com:harbour/shop.git".to_owned(),
                    credentials: "deploy_key".to_owned(),
                    build_is_open: true,
                    ..SourceForm::default()
                },
                errors: FieldErrors::none(),
            }),
        ),
        (
            "service-run",
            render(&RunPage {
                page: frame("Run"),
                service: head("run", ServiceStatus::Running),
                form: RunForm {
                    name: "web".to_owned(),
                    port: "8080".to_owned(),
                    replicas: "2".to_owned(),
                    memory: "512".to_owned(),
                    probe: "http".to_owned(),
                    path: "/healthz".to_owned(),
                    interval_seconds: "2".to_owned(),
                    timeout_seconds: "3".to_owned(),
                    start_period_seconds: "60".to_owned(),
                    retries: "3".to_owned(),
                    drain_seconds: "10".to_owned(),
                    stop_grace_seconds: "10".to_owned(),
                    settle_seconds: "5".to_owned(),
                    watch_seconds: "60".to_owned(),
                    release_timeout_seconds: "1800".to_owned(),
                    keep_releases: "10".to_owned(),
                    ..RunForm::default()
                },
                errors: FieldErrors::none(),
                verdict: Some(Verdict {
                    passed: false,
                    heading: "Failed, status 503, after 12 ms".to_owned(),
                    message: "GET /healthz was answered with status 503.".to_owned(),
                }),
            }),
        ),
        (
            "service-webhook",
            render(&webhook(
                hook_url,
                "4f0c7a1be2d94c55a9d3f6b18e7720cd",
                vec![
                    delivery(Decision::Deployed, "Push to main.", "d1"),
                    delivery(
                        Decision::Ignored,
                        "Push to feature/tides, this service deploys main.",
                        "",
                    ),
                    delivery(Decision::Refused, "The signature is wrong.", ""),
                    delivery(Decision::Pong, "The host tested the connection.", ""),
                ],
            )),
        ),
        ("service-webhook-new", render(&webhook("", "", Vec::new()))),
        (
            "service-danger",
            render(&DangerPage {
                page: frame("Danger"),
                service: head("danger", ServiceStatus::Stopped),
                is_stopped: false,
                has_data: true,
                confirmation_label: "Type “web” to confirm".to_owned(),
                errors: FieldErrors::none().with("confirmation", "This is not the name."),
            }),
        ),
        (
            "service-connection",
            render(&ConnectionPage {
                page: frame("Connection"),
                service: ServiceHead {
                    is_database: true,
                    ..head("", ServiceStatus::Running)
                },
                reference: "${{db.DATABASE_URL}}".to_owned(),
                url: "postgresql://app:0123456789abcdef@db:5432/app".to_owned(),
            }),
        ),
    ]
}
