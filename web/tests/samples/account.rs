use longshore_web::pages::view::*;

use super::{ago, page, render};

pub fn all() -> Vec<(&'static str, String)> {
    let token = |name: &str, used_at| TokenRow {
        id: "t1".to_owned(),
        name: name.to_owned(),
        made_at: ago(60 * 24 * 40),
        used_at,
    };
    let session = |device: &str, address: &str, is_current| SessionRow {
        device: device.to_owned(),
        address: address.to_owned(),
        seen_at: ago(if is_current { 0 } else { 700 }),
        is_current,
    };
    vec![
        (
            "account",
            render(&AccountPage {
                page: page("Account").below("Account", ""),
                email: "ada@example.com".to_owned(),
                is_administrator: true,
                tokens: vec![token("laptop", Some(ago(12))), token("ci", None)],
                new_token: "lsh_4fK2mQ9xT7vB1nR8cW3zJ6yL5hD0pS2a".to_owned(),
                token_name: String::new(),
                sessions: vec![
                    session("Firefox on Linux", "203.0.113.7", true),
                    session("Safari on iPhone", "198.51.100.24", false),
                ],
                errors: FieldErrors::none().with("current_password", "This is not your password."),
            }),
        ),
        (
            "server",
            render(&ServerPage {
                page: page("Server").below("Server", ""),
                host: "quay-1".to_owned(),
                parts: vec![
                    Part {
                        name: "Agent",
                        note: "Version 0.1.0, protocol 1".to_owned(),
                        status: Status::WORKS,
                    },
                    Part {
                        name: "Docker",
                        note: "20.10.24, Swarm is active".to_owned(),
                        status: Status::WORKS,
                    },
                    Part {
                        name: "Proxy",
                        note: "Traefik did not take over its last configuration.".to_owned(),
                        status: Status::BROKEN,
                    },
                ],
                gauges: vec![
                    Gauge {
                        label: "Disk",
                        icon: Icon::Disk,
                        value: "18.2 GiB free".to_owned(),
                        note: "of 80.0 GiB".to_owned(),
                        percent: 77,
                    },
                    Gauge {
                        label: "Memory",
                        icon: Icon::Cpu,
                        value: "0.4 GiB free".to_owned(),
                        note: "of 4.0 GiB".to_owned(),
                        percent: 94,
                    },
                ],
                differences: vec![
                    DifferenceNotice {
                        what: "The way to the dashboard on its own domain".to_owned(),
                        why: "The proxy did not take over the change within 10 seconds.".to_owned(),
                        href: String::new(),
                    },
                    DifferenceNotice {
                        what: "The containers of Shop / web".to_owned(),
                        why: "Version 41 is gone; deploy it again.".to_owned(),
                        href: "/services/s1".to_owned(),
                    },
                ],
                address: DashboardAddress {
                    present: Some(PresentAddress {
                        url: "https://longshore.example.com".to_owned(),
                        is_by_acme: true,
                        certificate: None,
                    }),
                    form: DashboardForm {
                        host: "longshore.example.com".to_owned(),
                        ..DashboardForm::default()
                    },
                    choices: ProtectionChoice::all(&[], &[], time::OffsetDateTime::UNIX_EPOCH),
                    errors: FieldErrors::none(),
                },
            }),
        ),
    ]
}
