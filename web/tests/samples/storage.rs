//! Samples of the pages of databases and storage.

use longshore_web::pages::view::*;

use super::services::{frame, head};
use super::{ago, page, render};
use longshore_control::view::ServiceStatus;

fn volume(name: &str, path: &str, mode: &'static str) -> VolumeRow {
    VolumeRow {
        name: name.to_owned(),
        path: path.to_owned(),
        mode,
        size: "1.2 GB".to_owned(),
        holders: "in use".to_owned(),
    }
}

fn team(is_measured: bool, services: Vec<StorageRow>, kept: Vec<KeptRow>) -> StoragePage {
    StoragePage {
        page: page("Storage").below("Storage", ""),
        is_measured,
        services,
        kept,
        errors: FieldErrors::none().with("confirmation-s9", "This is not the name."),
    }
}

pub fn all() -> Vec<(&'static str, String)> {
    let row = StorageRow {
        id: "s1".to_owned(),
        name: "db".to_owned(),
        place: "Harbour shop · production".to_owned(),
        icon: Icon::Disk,
        volumes: vec![volume("data", "/var/lib/postgresql", "")],
        others: vec!["File /etc/app/settings.toml".to_owned()],
    };
    let kept = KeptRow {
        id: "s9".to_owned(),
        name: "cache".to_owned(),
        place: "Harbour shop · staging".to_owned(),
        at: ago(60),
        volumes: vec![volume("data", "", "")],
    };
    let mount = |source: &str, path: &str, mode: &str| MountRow {
        source: source.to_owned(),
        path: path.to_owned(),
        mode: mode.to_owned(),
    };
    let form = StorageForm {
        volumes: vec![mount("data", "/data", "shared")],
        files: vec![FileRow {
            path: "/etc/app/settings.toml".to_owned(),
            content: "<script>alert(1)</script>\n".to_owned(),
        }],
        binds: vec![mount("/srv/media", "/media", "read_only")],
    };
    let database = ServiceHead {
        is_database: true,
        ..head("database", ServiceStatus::Running)
    };
    vec![
        ("storage", render(&team(true, vec![row], vec![kept]))),
        (
            "storage-empty",
            render(&team(false, Vec::new(), Vec::new())),
        ),
        (
            "service-storage",
            render(&ServiceStoragePage {
                page: frame("Storage"),
                service: head("storage", ServiceStatus::Running),
                volumes: vec![volume("data", "/data", "shared")],
                form: form.with_empty_rows(),
                errors: FieldErrors::none().with("binds", "The directory is not allowed."),
            }),
        ),
        (
            "service-database",
            render(&DatabasePage {
                page: frame("Settings"),
                service: database,
                engine: "Redis",
                extension_image: "pgvector/pgvector:pg17".to_owned(),
                form: DatabaseForm {
                    version: "7".to_owned(),
                    memory: "512".to_owned(),
                    cpu: String::new(),
                    external_port: "6380".to_owned(),
                    image: String::new(),
                    options: vec![OptionChoice {
                        field: "option.maxmemory-policy".to_owned(),
                        label: "When its memory is full",
                        values: &["noeviction", "allkeys-lru"],
                        chosen: "allkeys-lru".to_owned(),
                    }],
                },
                password_restarts: true,
                errors: FieldErrors::none().with("version", "The version must stay."),
            }),
        ),
    ]
}
