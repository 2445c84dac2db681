use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::keys::{self, Decision};
use super::{
    Component, ComponentHealth, ComponentMount, ComponentName, Condition, Given, Project, Restart,
    read,
};
use crate::{EnvKey, Secret, ServiceId};

mod rows;

const ROOT: &str = "/11111111-1111-7111-8111-111111111111";

fn variables() -> BTreeMap<EnvKey, Secret> {
    BTreeMap::from([
        ("TOKEN".parse().unwrap(), Secret::new("s3cret\n$x")),
        ("MODE".parse().unwrap(), Secret::new("fast")),
    ])
}

fn read_with(file: &Value, take: &[&str], has_checkout: bool) -> Result<Project, Vec<String>> {
    let take: BTreeSet<String> = take.iter().map(|name| (*name).to_owned()).collect();
    read(
        &file.to_string(),
        &Given {
            root: ROOT,
            variables: &variables(),
            take_variables: &take,
            has_checkout,
        },
    )
}

fn service(fields: Value) -> Value {
    let mut service = json!({ "image": "app:1" });
    if let (Some(all), Value::Object(fields)) = (service.as_object_mut(), fields) {
        all.extend(fields);
    }
    json!({ "services": { "web": service } })
}

/// The one component of a file with these fields.
fn one(fields: Value) -> Component {
    let project = read_with(&service(fields), &[], true).unwrap();
    project.components.into_iter().next().unwrap()
}

fn refusal(file: &Value) -> String {
    read_with(file, &[], true).unwrap_err().join("\n")
}

#[test]
fn the_documentation_prints_the_table() {
    let page = include_str!("../../../../docs/stacks.md");
    let table = keys::as_markdown();
    assert!(
        page.contains(&table),
        "docs/stacks.md is not up to date; it must hold:\n{table}"
    );
}

#[test]
fn every_key_that_is_refused_is_refused_by_its_name() {
    for key in keys::all() {
        let Decision::Refused(instead) = key.decision else {
            continue;
        };
        let mut value = json!("something");
        for part in key.path.split('.').rev() {
            let name = if part == "*" { "web" } else { part };
            value = json!({ name: value });
        }
        let problems = refusal(&value);
        let place = key.path.replace('*', "web");
        assert!(
            problems.contains(&format!("{place} is not possible here: {instead}.")),
            "{place}: {problems}"
        );
    }
}

#[test]
fn every_key_that_is_ignored_is_noted() {
    for key in keys::all() {
        let Decision::Noted(why) = key.decision else {
            continue;
        };
        let mut value = json!("something");
        for part in key.path.split('.').rev() {
            let name = if part == "*" { "web" } else { part };
            value = json!({ name: value });
        }
        let notes = keys::check(&value).notes;
        assert!(
            notes.iter().any(|note| note.ends_with(&format!("{why}."))),
            "{}: {notes:?}",
            key.path
        );
    }
}

#[test]
fn an_unknown_key_is_refused_wherever_it_is() {
    for file in [
        json!({ "services": { "web": { "image": "a", "teleport": true } } }),
        json!({ "services": { "web": { "image": "a", "deploy": { "warp": 1 } } } }),
        json!({ "services": { "web": { "image": "a" } }, "portals": { "x": 1 } }),
    ] {
        assert!(refusal(&file).contains("does not know"), "{file}");
    }
    let extended = service(json!({ "x-anything": { "goes": 1 } }));
    read_with(&extended, &[], true).unwrap();
}

#[test]
fn what_would_be_the_servers_owner_is_refused_all_at_once() {
    let file = json!({
        "services": { "web": {
            "image": "app",
            "privileged": true,
            "network_mode": "host",
            "pid": "host",
            "ipc": "host",
            "userns_mode": "host",
            "security_opt": ["seccomp=unconfined"],
            "devices": [{ "source": "/dev/kmsg", "target": "/dev/kmsg" }],
            "cap_add": ["SYS_ADMIN", "CHOWN"],
            "sysctls": { "kernel.panic": "1", "net.core.somaxconn": "1024" },
            "volumes": [
                { "type": "bind", "source": "/", "target": "/host" },
                { "type": "bind", "source": "/var/run/docker.sock", "target": "/var/run/docker.sock" },
                { "type": "npipe", "source": "x", "target": "/y" },
            ],
        } },
        "networks": { "out": { "external": true } },
        "volumes": {
            "sock": { "driver_opts": { "type": "none", "o": "bind", "device": "/var/run" } },
            "old": { "external": true },
        },
    });
    let problems = refusal(&file);
    for wanted in [
        "services.web.privileged",
        "services.web.network_mode",
        "services.web.pid",
        "services.web.ipc",
        "services.web.userns_mode",
        "services.web.security_opt",
        "services.web.devices",
        "cap_add is not possible here: SYS_ADMIN",
        "sysctls.kernel.panic",
        "binds /,",
        "binds /var/run/docker.sock",
        "cannot have npipe",
        "networks.out.external",
        "volumes.sock.driver_opts",
        "volumes.old.external",
    ] {
        assert!(problems.contains(wanted), "{wanted}:\n{problems}");
    }
    assert!(!problems.contains("CHOWN") && !problems.contains("somaxconn"));
}

#[test]
fn values_arrive_byte_for_byte() {
    let web = one(json!({ "environment": {
        "PLAIN": "a", "EMPTY": "", "ABSENT": null, "DOLLARS": "a$$b$$$$c",
        "JSON": "[\"https://a\"]", "LINES": "one\ntwo\r\n'three' \"four\" 😀",
    } }));
    let got = |key: &str| web.environment[key].as_deref();
    assert_eq!(got("DOLLARS"), Some("a$b$$c"));
    assert_eq!(got("EMPTY"), Some(""));
    assert_eq!(got("ABSENT"), None);
    assert_eq!(got("JSON"), Some("[\"https://a\"]"));
    assert_eq!(got("LINES"), Some("one\ntwo\r\n'three' \"four\" 😀"));
}

#[test]
fn a_file_of_variables_that_is_missing_stands_for_all_of_them() {
    let file = service(json!({ "environment": { "MODE": "slow" } }));
    let project = read_with(&file, &["web"], true).unwrap();
    let environment = &project.components[0].environment;
    assert_eq!(environment["TOKEN"].as_deref(), Some("s3cret\n$x"));
    assert_eq!(environment["MODE"].as_deref(), Some("slow"));
    let other = read_with(&file, &[], true).unwrap();
    assert!(!other.components[0].environment.contains_key("TOKEN"));
}

#[test]
fn times_limits_and_the_like_are_read() {
    let web = one(json!({
        "command": ["a", "b"], "entrypoint": ["c"], "user": "1000:1000",
        "working_dir": "/app", "hostname": "h", "init": true, "tty": true,
        "stdin_open": true, "read_only": true, "stop_signal": "SIGINT",
        "stop_grace_period": "1m0s", "group_add": ["5"], "labels": { "a": "b" },
        "healthcheck": { "test": ["CMD", "x"], "interval": "1m30s", "timeout": "5s",
            "retries": 4, "start_period": "10s", "start_interval": "500ms" },
        "deploy": { "replicas": 2, "resources": {
            "limits": { "cpus": 0.5, "memory": "536870912", "pids": 99 },
            "reservations": { "memory": "134217728", "cpus": "0.25" } },
            "restart_policy": { "condition": "on-failure", "delay": "5s", "max_attempts": 3 } },
        "ulimits": { "nofile": { "soft": 1, "hard": 2 }, "nproc": 5 },
        "extra_hosts": ["host.docker.internal=host-gateway", "db:10.0.0.1", "six=[::1]"],
        "dns": ["1.1.1.1"], "dns_search": ["example.org"], "dns_opt": ["use-vc"],
        "cap_drop": ["all"], "cap_add": ["net_bind_service"],
        "sysctls": { "net.core.somaxconn": "1024" },
        "logging": { "driver": "json-file", "options": { "max-size": "10m", "max-file": "3" } },
        "networks": { "default": { "aliases": ["ww"] }, "back": null },
        "ports": [{ "target": 3000, "published": "3000", "host_ip": "127.0.0.1" }],
        "expose": ["9000"], "platform": "linux/amd64", "pull_policy": "always",
    }));
    assert_eq!(web.replicas, 2);
    assert_eq!(web.resources.memory_bytes, Some(536_870_912));
    assert_eq!(web.resources.nano_cpus, Some(500_000_000));
    assert_eq!(web.resources.pids, Some(99));
    assert_eq!(web.resources.reserved_memory_bytes, Some(134_217_728));
    assert_eq!(web.resources.reserved_nano_cpus, Some(250_000_000));
    assert_eq!(
        web.restart,
        Restart::OnFailure {
            attempts: Some(3),
            delay: Some(5_000_000_000)
        }
    );
    assert_eq!(
        web.health,
        Some(ComponentHealth::Test {
            test: vec!["CMD".into(), "x".into()],
            interval: Some(90_000_000_000),
            timeout: Some(5_000_000_000),
            start_period: Some(10_000_000_000),
            start_interval: Some(500_000_000),
            retries: Some(4),
        })
    );
    assert_eq!(
        web.hosts[0],
        ("host.docker.internal".into(), "host-gateway".into())
    );
    assert_eq!(web.hosts[2].1, "::1");
    assert_eq!(web.ulimits.len(), 2);
    assert_eq!(web.cap_drop, ["ALL"]);
    assert_eq!(web.cap_add, ["CAP_NET_BIND_SERVICE"]);
    assert_eq!((web.port.unwrap().get(), web.takes_requests), (3000, true));
    assert_eq!(web.aliases, ["ww"]);
    assert_eq!(web.stop_grace_seconds, 60);
    assert!(web.pull_always && web.init && web.tty && web.stdin_open && web.read_only);
}

#[test]
fn a_health_check_can_be_off_or_a_line() {
    let web = one(json!({ "healthcheck": { "disable": true } }));
    assert_eq!(web.health, Some(ComponentHealth::Disabled));
    let web = one(json!({ "healthcheck": { "test": ["NONE"] } }));
    assert_eq!(web.health, Some(ComponentHealth::Disabled));
    let web = one(json!({ "healthcheck": { "test": ["CMD-SHELL", "curl -f x || exit 1"] } }));
    let Some(ComponentHealth::Test { test, .. }) = web.health else {
        panic!("no test")
    };
    assert_eq!(test, ["CMD-SHELL", "curl -f x || exit 1"]);
}

#[test]
fn mounts_of_all_kinds_are_read() {
    let file = json!({
        "services": { "web": {
            "image": "app",
            "shm_size": "134217728",
            "tmpfs": ["/run:size=10m,mode=755"],
            "volumes": [
                { "type": "volume", "source": "pg_data", "target": "/data", "volume": {} },
                { "type": "volume", "target": "/anon" },
                { "type": "bind", "source": format!("{ROOT}/db/init"), "target": "/init", "read_only": true },
                { "type": "bind", "source": "/srv/media", "target": "/media" },
                { "type": "tmpfs", "target": "/t", "tmpfs": { "size": "1024" } },
            ],
            "configs": [{ "source": "c" }],
            "secrets": [{ "source": "s", "target": "/run/secrets/s", "mode": "0400", "uid": "5" },
                        { "source": "f" }],
        } },
        "volumes": { "pg_data": { "name": "explicit" } },
        "configs": { "c": { "content": "a$$b" } },
        "secrets": { "s": { "environment": "TOKEN" }, "f": { "file": format!("{ROOT}/f.txt") } },
    });
    let project = read_with(&file, &[], true).unwrap();
    let web = &project.components[0];
    assert_eq!(web.volumes().len(), 1);
    assert_eq!(web.volumes()[0].as_str(), "pg-data");
    assert!(!web.may_overlap(true));
    let targets: Vec<String> = web
        .mounts
        .iter()
        .map(|mount| format!("{mount:?}"))
        .collect();
    assert_eq!(web.mounts.len(), 8, "{targets:#?}");
    assert!(web.mounts.contains(&ComponentMount::Tmpfs {
        target: "/dev/shm".into(),
        size: Some(134_217_728),
        mode: Some(0o1777),
    }));
    assert!(web.mounts.contains(&ComponentMount::Tmpfs {
        target: "/run".into(),
        size: Some(10 * 1024 * 1024),
        mode: Some(0o755),
    }));
    let config = web.files.iter().find(|file| file.target == "/c").unwrap();
    assert_eq!(config.content, "a$b");
    let secret = web
        .files
        .iter()
        .find(|file| file.target == "/run/secrets/s")
        .unwrap();
    assert_eq!(
        (secret.content.as_str(), secret.mode, secret.uid.as_str()),
        ("s3cret\n$x", 0o400, "5")
    );

    let mut twice = file.clone();
    twice["services"]["web"]["tmpfs"] = json!(["/data"]);
    assert!(refusal(&twice).contains("two things on /data"));
    let mut missing = file.clone();
    missing["secrets"]["s"] = json!({ "environment": "NOBODY" });
    assert!(refusal(&missing).contains("needs the variable NOBODY"));
    let mut clash = file;
    clash["volumes"] = json!({ "pg_data": {}, "pg-data": {} });
    assert!(refusal(&clash).contains("differ in nothing but signs"));
}

#[test]
fn a_typed_in_file_has_nothing_of_a_repository() {
    let bind = service(json!({ "volumes": [
        { "type": "bind", "source": format!("{ROOT}/init.sql"), "target": "/init.sql", "read_only": true }
    ] }));
    let problems = read_with(&bind, &[], false).unwrap_err().join(" ");
    assert!(problems.contains("has no repository"), "{problems}");
    let build = json!({ "services": { "web": { "build": { "context": ROOT } } } });
    let problems = read_with(&build, &[], false).unwrap_err().join(" ");
    assert!(problems.contains("needs a repository"), "{problems}");
}

#[test]
fn a_build_stays_in_the_repository() {
    let build = |fields: Value| json!({ "services": { "web": { "build": fields } } });
    let good = build(json!({
        "context": format!("{ROOT}/apps/web"), "dockerfile": "../Dockerfile.prod",
        "target": "runner", "args": { "A": "1", "B": null },
    }));
    let project = read_with(&good, &[], true).unwrap();
    let found = project.components[0].build.as_ref().unwrap();
    assert_eq!(found.context.as_str(), "apps/web");
    assert_eq!(found.dockerfile.as_str(), "apps/Dockerfile.prod");
    assert_eq!(found.args.len(), 1);
    for bad in [
        json!({ "context": "/etc" }),
        json!({ "context": "https://github.com/x/y.git" }),
        json!({ "context": ROOT, "dockerfile": "../../Dockerfile" }),
        json!({ "context": format!("{ROOT}-other") }),
    ] {
        assert!(refusal(&build(bad)).contains("of the repository"));
    }
}

#[test]
fn components_come_behind_those_that_they_wait_for() {
    let file = json!({ "services": {
        "a": { "image": "x", "depends_on": {
            "b": { "condition": "service_healthy", "required": true },
            "m": { "condition": "service_completed_successfully" },
            "gone": { "condition": "service_started", "required": false } } },
        "b": { "image": "x", "volumes": [{ "type": "volume", "target": "/x", "source": "v" }] },
        "m": { "image": "x", "depends_on": { "b": { "condition": "service_started" } } },
    }, "volumes": { "v": {} } });
    let project = read_with(&file, &[], true).unwrap();
    let names: Vec<&str> = project
        .components
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["b", "m", "a"]);
    let [b, m, a] = &project.components[..] else {
        panic!("three")
    };
    assert!(m.runs_once && !a.runs_once && m.restart == Restart::Never);
    assert!(!b.may_overlap(true) && a.may_overlap(false));
    assert_eq!(a.depends_on.len(), 2);
    assert_eq!(a.depends_on[0].condition, Condition::Healthy);

    let circle = json!({ "services": {
        "a": { "image": "x", "depends_on": { "b": {} } },
        "b": { "image": "x", "depends_on": { "a": {} } },
    } });
    assert!(refusal(&circle).contains("circle"));
}

#[test]
fn a_component_has_the_same_id_and_a_host_name_that_fits() {
    let stack = ServiceId::generate();
    let name: ComponentName = "web_app".parse().unwrap();
    assert_eq!(name.service_of(stack), name.service_of(stack));
    assert_ne!(
        name.service_of(stack),
        name.service_of(ServiceId::generate())
    );
    let host = |component: &str, stack: &str| {
        let component: ComponentName = component.parse().unwrap();
        component
            .host_of(&stack.parse().unwrap())
            .unwrap()
            .to_string()
    };
    assert_eq!(host("web_app", "shop"), "shop-web-app");
    let long = host(&"a".repeat(60), &"s".repeat(40));
    assert!(long.len() <= 40, "{long}");
    assert_ne!(long, host(&"a".repeat(59), &"s".repeat(40)));
    for bad in ["", "-a", "a b", "a/b", "ä"] {
        assert!(bad.parse::<ComponentName>().is_err(), "{bad:?}");
    }
}

#[test]
fn one_setting_that_means_nothing_here_is_said_once() {
    let project = read_with(
        &service(json!({ "ports": [
            { "target": 80, "published": "80" }, { "target": 81, "published": "81" }
        ], "container_name": "x" })),
        &[],
        true,
    )
    .unwrap();
    assert_eq!(project.notes.len(), 2, "{:?}", project.notes);
}
