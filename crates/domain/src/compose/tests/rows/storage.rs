//! Keys of mounts, files, limits and of what stands beside the services.

use serde_json::{Value, json};

use super::super::service;
use super::{ROOT, Row, file_of, limits, mount, reservations, row, sources, web};

pub(super) fn of_mounts_and_files() -> Vec<Row> {
    let memory =
        |fields: Value| mount(&json!({ "type": "tmpfs", "source": null, "tmpfs": fields }));
    let mut rows = vec![
        web(
            "volumes.type",
            mount(&json!({ "type": "tmpfs" })),
            "/mounts/0/Tmpfs/target",
            json!("/data"),
        ),
        web(
            "volumes.source",
            mount(&json!({})),
            "/mounts/0/Volume/name",
            json!("data"),
        ),
        web(
            "volumes.target",
            mount(&json!({ "target": "/t" })),
            "/mounts/0/Volume/target",
            json!("/t"),
        ),
        web(
            "volumes.read_only",
            mount(&json!({ "read_only": true })),
            "/mounts/0/Volume/read_only",
            json!(true),
        ),
        web(
            "volumes.volume.nocopy",
            mount(&json!({ "volume": { "nocopy": true } })),
            "/mounts/0/Volume/no_copy",
            json!(true),
        ),
        web(
            "volumes.bind.create_host_path",
            mount(&json!({ "type": "bind", "source": format!("{ROOT}/logs"),
                           "bind": { "create_host_path": true } })),
            "",
            Value::Null,
        ),
        web(
            "volumes.tmpfs.size",
            memory(json!({ "size": "1024" })),
            "/mounts/0/Tmpfs/size",
            json!(1024),
        ),
        web(
            "volumes.tmpfs.mode",
            memory(json!({ "mode": 448 })),
            "/mounts/0/Tmpfs/mode",
            json!(0o700),
        ),
        web(
            "tmpfs",
            json!({ "tmpfs": ["/run"] }),
            "/mounts/0/Tmpfs/target",
            json!("/run"),
        ),
        web(
            "shm_size",
            json!({ "shm_size": "1024" }),
            "/mounts/0/Tmpfs/size",
            json!(1024),
        ),
    ];
    for (kind, at) in [("configs", "/c"), ("secrets", "/run/secrets/s")] {
        let path =
            |key: &str| -> &'static str { Box::leak(format!("{kind}.{key}").into_boxed_str()) };
        rows.extend([
            web(
                path("source"),
                file_of(kind, &json!({})),
                "/files/0/target",
                json!(at),
            ),
            web(
                path("target"),
                file_of(kind, &json!({ "target": "/t" })),
                "/files/0/target",
                json!("/t"),
            ),
            web(
                path("uid"),
                file_of(kind, &json!({ "uid": "5" })),
                "/files/0/uid",
                json!("5"),
            ),
            web(
                path("gid"),
                file_of(kind, &json!({ "gid": "6" })),
                "/files/0/gid",
                json!("6"),
            ),
            web(
                path("mode"),
                file_of(kind, &json!({ "mode": "0400" })),
                "/files/0/mode",
                json!(0o400),
            ),
        ]);
    }
    rows
}

pub(super) fn of_limits_and_deploy() -> Vec<Row> {
    let policy = |fields: Value| json!({ "deploy": { "restart_policy": fields } });
    vec![
        web(
            "mem_limit",
            json!({ "mem_limit": "8388608" }),
            "/resources/memory_bytes",
            json!(8_388_608),
        ),
        web(
            "mem_reservation",
            json!({ "mem_reservation": "1024" }),
            "/resources/reserved_memory_bytes",
            json!(1024),
        ),
        web(
            "cpus",
            json!({ "cpus": 0.5 }),
            "/resources/nano_cpus",
            json!(500_000_000),
        ),
        web(
            "pids_limit",
            json!({ "pids_limit": 99_999 }),
            "/resources/pids",
            json!(4096),
        ),
        web(
            "deploy.replicas",
            json!({ "deploy": { "replicas": 2 } }),
            "/replicas",
            json!(2),
        ),
        web(
            "deploy.resources.limits.cpus",
            limits(&json!({ "cpus": 0.5 })),
            "/resources/nano_cpus",
            json!(500_000_000),
        ),
        web(
            "deploy.resources.limits.memory",
            limits(&json!({ "memory": "8388608" })),
            "/resources/memory_bytes",
            json!(8_388_608),
        ),
        web(
            "deploy.resources.limits.pids",
            limits(&json!({ "pids": 9 })),
            "/resources/pids",
            json!(9),
        ),
        web(
            "deploy.resources.reservations.cpus",
            reservations(&json!({ "cpus": 0.5 })),
            "/resources/reserved_nano_cpus",
            json!(500_000_000),
        ),
        web(
            "deploy.resources.reservations.memory",
            reservations(&json!({ "memory": "1024" })),
            "/resources/reserved_memory_bytes",
            json!(1024),
        ),
        web(
            "deploy.restart_policy.condition",
            policy(json!({ "condition": "none" })),
            "/restart",
            json!("Never"),
        ),
        web(
            "deploy.restart_policy.delay",
            policy(json!({ "delay": "5s" })),
            "/restart/Always/delay",
            json!(5_000_000_000_i64),
        ),
        web(
            "deploy.restart_policy.max_attempts",
            policy(json!({ "condition": "on-failure", "max_attempts": 3 })),
            "/restart/OnFailure/attempts",
            json!(3),
        ),
        web(
            "deploy.update_config.order",
            json!({ "deploy": { "update_config": { "order": "start-first" } } }),
            "/start_first",
            json!(true),
        ),
        web(
            "logging.driver",
            json!({ "logging": { "driver": "json-file" } }),
            "",
            Value::Null,
        ),
        web(
            "platform",
            json!({ "platform": "linux/amd64" }),
            "",
            Value::Null,
        ),
    ]
}

/// Those beside the services; the paths are whole here.
pub(super) fn of_the_file() -> Vec<Row> {
    let plain = service(json!({}));
    let with = |section: &str, fields: Value| {
        let mut file = plain.clone();
        file[section] = fields;
        file
    };
    let text = json!({ "content": "text" });
    let secret = json!({ "environment": "TOKEN" });
    let file = |name: &str| json!({ "file": format!("{ROOT}/{name}") });
    vec![
        row("name", with("name", json!("x")), "", Value::Null),
        row(
            "networks.*.name",
            with("networks", json!({ "n": { "name": "x" } })),
            "",
            Value::Null,
        ),
        row(
            "networks.*.driver",
            with("networks", json!({ "n": { "driver": "bridge" } })),
            "",
            Value::Null,
        ),
        row(
            "volumes.*.name",
            with("volumes", json!({ "v": { "name": "x" } })),
            "",
            Value::Null,
        ),
        row(
            "configs.*.name",
            with("configs", json!({ "c": { "name": "x" } })),
            "",
            Value::Null,
        ),
        row(
            "secrets.*.name",
            with("secrets", json!({ "s": { "name": "x" } })),
            "",
            Value::Null,
        ),
        row(
            "configs.*.content",
            sources(&text, &secret),
            "/files/0/content",
            json!("text"),
        ),
        row(
            "configs.*.environment",
            sources(&json!({ "environment": "MODE" }), &secret),
            "/files/0/content",
            json!("fast"),
        ),
        row(
            "configs.*.file",
            sources(&file("c.toml"), &secret),
            "/mounts/0/Checkout/path",
            json!("c.toml"),
        ),
        row(
            "secrets.*.environment",
            sources(&text, &secret),
            "/files/1/content",
            json!("s3cret\n$x"),
        ),
        row(
            "secrets.*.file",
            sources(&text, &file("s.txt")),
            "/mounts/0/Checkout/path",
            json!("s.txt"),
        ),
    ]
}
