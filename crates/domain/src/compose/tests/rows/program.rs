//! Keys of the program, its build, order, health and network.

use serde_json::{Value, json};

use super::{Row, build, check, web};

pub(super) fn of_the_process() -> Vec<Row> {
    vec![
        web("image", json!({ "image": "b:2" }), "/image", json!("b:2")),
        web(
            "pull_policy",
            json!({ "pull_policy": "always" }),
            "/pull_always",
            json!(true),
        ),
        web(
            "command",
            json!({ "command": ["a"] }),
            "/command",
            json!(["a"]),
        ),
        web(
            "entrypoint",
            json!({ "entrypoint": ["a"] }),
            "/entrypoint",
            json!(["a"]),
        ),
        web(
            "environment",
            json!({ "environment": { "A": "1" } }),
            "/environment",
            json!({ "A": "1" }),
        ),
        web(
            "working_dir",
            json!({ "working_dir": "/w" }),
            "/working_dir",
            json!("/w"),
        ),
        web("user", json!({ "user": "5" }), "/user", json!("5")),
        web(
            "group_add",
            json!({ "group_add": ["7"] }),
            "/groups",
            json!(["7"]),
        ),
        web(
            "hostname",
            json!({ "hostname": "h" }),
            "/hostname",
            json!("h"),
        ),
        web(
            "labels",
            json!({ "labels": { "a": "b" } }),
            "/labels",
            json!({ "a": "b" }),
        ),
        web("init", json!({ "init": true }), "/init", json!(true)),
        web("tty", json!({ "tty": true }), "/tty", json!(true)),
        web(
            "stdin_open",
            json!({ "stdin_open": true }),
            "/stdin_open",
            json!(true),
        ),
        web(
            "read_only",
            json!({ "read_only": true }),
            "/read_only",
            json!(true),
        ),
        web(
            "ulimits",
            json!({ "ulimits": { "nproc": 9 } }),
            "/ulimits",
            json!([{ "name": "nproc", "soft": 9, "hard": 9 }]),
        ),
        web(
            "stop_signal",
            json!({ "stop_signal": "SIGINT" }),
            "/stop_signal",
            json!("SIGINT"),
        ),
        web(
            "stop_grace_period",
            json!({ "stop_grace_period": "1m0s" }),
            "/stop_grace_seconds",
            json!(60),
        ),
        web(
            "sysctls",
            json!({ "sysctls": { "net.core.somaxconn": "9" } }),
            "/sysctls",
            json!({ "net.core.somaxconn": "9" }),
        ),
        web(
            "cap_add",
            json!({ "cap_add": ["CHOWN"] }),
            "/cap_add",
            json!(["CAP_CHOWN"]),
        ),
        web(
            "cap_drop",
            json!({ "cap_drop": ["ALL"] }),
            "/cap_drop",
            json!(["ALL"]),
        ),
        web(
            "restart",
            json!({ "restart": "no" }),
            "/restart",
            json!("Never"),
        ),
        web("scale", json!({ "scale": 3 }), "/replicas", json!(3)),
        web(
            "logging.options.max-size",
            json!({ "logging": { "options": { "max-size": "1m" } } }),
            "/log/max_size",
            json!("1m"),
        ),
        web(
            "logging.options.max-file",
            json!({ "logging": { "options": { "max-file": "2" } } }),
            "/log/max_file",
            json!("2"),
        ),
    ]
}

pub(super) fn of_build_order_and_health() -> Vec<Row> {
    let depends = |how: Value| json!({ "depends_on": { "db": how } });
    vec![
        web(
            "build.context",
            build(&json!({})),
            "/build/context",
            json!("app"),
        ),
        web(
            "build.dockerfile",
            build(&json!({ "dockerfile": "D" })),
            "/build/dockerfile",
            json!("app/D"),
        ),
        web(
            "build.target",
            build(&json!({ "target": "t" })),
            "/build/target",
            json!("t"),
        ),
        web(
            "build.args",
            build(&json!({ "args": { "A": "1" } })),
            "/build/args",
            json!({ "A": "1" }),
        ),
        web(
            "build.no_cache",
            build(&json!({ "no_cache": true })),
            "/build/no_cache",
            json!(true),
        ),
        web(
            "build.secrets.source",
            build(&json!({ "secrets": [{ "source": "s" }] })),
            "/build/secrets",
            json!({ "s": "TOKEN" }),
        ),
        web(
            "build.secrets.target",
            build(&json!({ "secrets": [{ "source": "s", "target": "t" }] })),
            "/build/secrets",
            json!({ "t": "TOKEN" }),
        ),
        web(
            "depends_on.*.condition",
            depends(json!({ "condition": "service_healthy" })),
            "/depends_on",
            json!(["db Healthy true"]),
        ),
        web(
            "depends_on.*.required",
            depends(json!({ "condition": "service_started", "required": false })),
            "/depends_on",
            json!(["db Started false"]),
        ),
        web(
            "healthcheck.test",
            json!({ "healthcheck": { "test": ["CMD", "x"] } }),
            "/health/Test/test",
            json!(["CMD", "x"]),
        ),
        web(
            "healthcheck.interval",
            check(&json!({ "interval": "1s" })),
            "/health/Test/interval",
            json!(1_000_000_000),
        ),
        web(
            "healthcheck.timeout",
            check(&json!({ "timeout": "2s" })),
            "/health/Test/timeout",
            json!(2_000_000_000),
        ),
        web(
            "healthcheck.retries",
            check(&json!({ "retries": 4 })),
            "/health/Test/retries",
            json!(4),
        ),
        web(
            "healthcheck.start_period",
            check(&json!({ "start_period": "3s" })),
            "/health/Test/start_period",
            json!(3_000_000_000_i64),
        ),
        web(
            "healthcheck.start_interval",
            check(&json!({ "start_interval": "500ms" })),
            "/health/Test/start_interval",
            json!(500_000_000),
        ),
        web(
            "healthcheck.disable",
            check(&json!({ "disable": true })),
            "/health",
            json!("Disabled"),
        ),
    ]
}

pub(super) fn of_the_network() -> Vec<Row> {
    let port = |fields: Value| json!({ "ports": [fields] });
    vec![
        web(
            "ports.target",
            port(json!({ "target": 8080 })),
            "/port",
            json!(8080),
        ),
        web(
            "ports.protocol",
            port(json!({ "target": 53, "protocol": "udp" })),
            "/port",
            Value::Null,
        ),
        web(
            "ports.mode",
            port(json!({ "target": 80, "mode": "ingress" })),
            "",
            Value::Null,
        ),
        web(
            "ports.name",
            port(json!({ "target": 80, "name": "web" })),
            "",
            Value::Null,
        ),
        web(
            "expose",
            json!({ "expose": ["53/udp", "9000"] }),
            "/port",
            json!(9000),
        ),
        web(
            "networks.*.aliases",
            json!({ "networks": { "default": { "aliases": ["www"] } } }),
            "/aliases",
            json!(["www"]),
        ),
        web(
            "extra_hosts",
            json!({ "extra_hosts": ["h=host-gateway"] }),
            "/hosts",
            json!([["h", "host-gateway"]]),
        ),
        web(
            "dns",
            json!({ "dns": ["1.1.1.1"] }),
            "/dns",
            json!(["1.1.1.1"]),
        ),
        web(
            "dns_search",
            json!({ "dns_search": ["x"] }),
            "/dns_search",
            json!(["x"]),
        ),
        web(
            "dns_opt",
            json!({ "dns_opt": ["y"] }),
            "/dns_options",
            json!(["y"]),
        ),
    ]
}
