//! What Swarm is told of each key of a Compose file that counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bollard::models::{
    ImageInspect, Mount, MountType, ServiceSpec, TaskSpec, TaskSpecContainerSpec,
    TaskSpecRestartPolicyConditionEnum,
};
use longshore_agent_api::{DeployJob, Origin, StackComponent, StageLimits};
use longshore_domain::compose::{Given, read};
use longshore_domain::health::HealthCheck;
use longshore_domain::takeover::StrategyReason;
use longshore_domain::{DeploymentId, EnvironmentId, ServiceId, Strategy};
use rstest::rstest;
use serde_json::{Value, json};

use crate::engine::Names;
use crate::engine::parts::Part;
use crate::engine::spec::{Ingredients, service_spec};
use crate::engine::start::starts_again;

const ROOT: &str = "/checkout";

/// The job of the one component of a file.
fn job(fields: &Value) -> DeployJob {
    let mut web = json!({ "image": "app:1" });
    web.as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let file = json!({
        "services": { "web": web },
        "volumes": { "data": {} },
        "configs": { "c": { "content": "text" } },
    });
    let given = Given {
        root: ROOT,
        variables: &BTreeMap::new(),
        take_variables: &BTreeSet::new(),
        has_checkout: true,
    };
    let component = read(&file.to_string(), &given)
        .unwrap()
        .components
        .remove(0);
    let stack = ServiceId::generate();
    DeployJob {
        deployment: DeploymentId::generate(),
        number: 7,
        service: component.name.service_of(stack),
        service_name: "shop-web".parse().unwrap(),
        environment: EnvironmentId::generate(),
        origin: Origin::Typed,
        registries: Vec::new(),
        host_ports: Vec::new(),
        scale: longshore_domain::scale::Scale::default(),
        stack: None,
        variables: BTreeMap::new(),
        redact: Vec::new(),
        port: None,
        command: None,
        arguments: None,
        volumes: Vec::new(),
        files: Vec::new(),
        binds: Vec::new(),
        release_command: None,
        replicas: component.replicas,
        memory_limit_bytes: None,
        cpu_limit_millis: None,
        health: HealthCheck::default(),
        strategy: Strategy::BlueGreen,
        strategy_reason: StrategyReason::Usual,
        sticky_sessions: false,
        live_number: None,
        routes: Vec::new(),
        drain_seconds: 0,
        stop_grace_seconds: component.stop_grace_seconds,
        settle_seconds: 1,
        limits: StageLimits::default(),
        component: Some(Box::new(StackComponent {
            stack,
            component,
            copies: vec![("/init".to_owned(), PathBuf::from("/copies/abc/files"))],
            fingerprint: "f".to_owned(),
        })),
    }
}

/// The Swarm service of the one component of a file.
fn spec(fields: &Value) -> ServiceSpec {
    let job = job(fields);
    let part = Part {
        index: 0,
        name: "longshore-shop-web-7".to_owned(),
        replicas: job.replicas,
    };
    service_spec(
        &job,
        &part,
        &Ingredients {
            names: &Names::new("longshore"),
            image: &ImageInspect::default(),
            probe: Path::new("/probe"),
            private: "private",
            edge: "edge",
            stack: Some("stack".to_owned()),
            gateway: Some("172.17.0.1".to_owned()),
            files: Vec::new(),
        },
    )
}

fn task(fields: &Value) -> TaskSpec {
    spec(fields).task_template.unwrap()
}

fn container(fields: &Value) -> TaskSpecContainerSpec {
    task(fields).container_spec.unwrap()
}

/// A key and its value in the file, and what Swarm's container then has.
#[rstest]
#[case(json!({ "command": ["a"] }), "Args", json!(["a"]))]
#[case(json!({ "entrypoint": ["a"] }), "Command", json!(["a"]))]
#[case(json!({ "environment": { "A": "b$$c\nd" } }), "Env", json!(["A=b$c\nd"]))]
#[case(json!({ "working_dir": "/w" }), "Dir", json!("/w"))]
#[case(json!({ "user": "5:6" }), "User", json!("5:6"))]
#[case(json!({ "group_add": ["7"] }), "Groups", json!(["7"]))]
#[case(json!({ "hostname": "h" }), "Hostname", json!("h"))]
#[case(json!({ "init": true }), "Init", json!(true))]
#[case(json!({}), "Init", json!(false))]
#[case(json!({ "tty": true }), "TTY", json!(true))]
#[case(json!({ "stdin_open": true }), "OpenStdin", json!(true))]
#[case(json!({ "read_only": true }), "ReadOnly", json!(true))]
#[case(json!({ "stop_signal": "SIGINT" }), "StopSignal", json!("SIGINT"))]
#[case(json!({ "stop_grace_period": "1m0s" }), "StopGracePeriod", json!(60_000_000_000_i64))]
#[case(json!({ "sysctls": { "net.core.somaxconn": "9" } }), "Sysctls", json!({ "net.core.somaxconn": "9" }))]
#[case(json!({ "cap_add": ["CHOWN"] }), "CapabilityAdd", json!(["CAP_CHOWN"]))]
#[case(json!({ "cap_drop": ["KILL"] }), "CapabilityDrop", json!(["CAP_NET_RAW", "CAP_KILL"]))]
#[case(json!({ "extra_hosts": ["a=10.0.0.1", "b=host-gateway"] }), "Hosts", json!(["10.0.0.1 a", "172.17.0.1 b"]))]
#[case(json!({ "dns": ["1.1.1.1"], "dns_search": ["x"], "dns_opt": ["y"] }), "DNSConfig",
    json!({ "Nameservers": ["1.1.1.1"], "Search": ["x"], "Options": ["y"] }))]
#[case(json!({ "ulimits": { "nofile": { "soft": 1, "hard": 2 } } }), "Ulimits",
    json!([{ "Name": "nofile", "Soft": 1, "Hard": 2 }]))]
fn a_key_of_the_file_is_a_field_of_the_container(
    #[case] fields: Value,
    #[case] field: &str,
    #[case] wanted: Value,
) {
    let container = serde_json::to_value(container(&fields)).unwrap();
    assert_eq!(container[field], wanted, "{container:#}");
}

#[test]
fn limits_restarts_and_the_log_are_those_of_the_file() {
    let task = task(&json!({
        "deploy": {
            "resources": {
                "limits": { "cpus": 0.5, "memory": "536870912", "pids": 99 },
                "reservations": { "cpus": 0.25, "memory": "134217728" },
            },
            "restart_policy": { "condition": "on-failure", "delay": "5s", "max_attempts": 3 },
        },
        "logging": { "options": { "max-size": "1m", "max-file": "2" } },
    }));
    let resources = task.resources.unwrap();
    let limits = resources.limits.unwrap();
    assert_eq!(
        (limits.nano_cpus, limits.memory_bytes, limits.pids),
        (Some(500_000_000), Some(536_870_912), Some(99))
    );
    let reserved = resources.reservations.unwrap();
    assert_eq!(
        (reserved.nano_cpus, reserved.memory_bytes),
        (Some(250_000_000), Some(134_217_728))
    );
    let restart = task.restart_policy.unwrap();
    assert_eq!(
        (restart.condition, restart.delay, restart.max_attempts),
        (
            Some(TaskSpecRestartPolicyConditionEnum::ON_FAILURE),
            Some(5_000_000_000),
            Some(3)
        )
    );
    let log = task.log_driver.unwrap().options.unwrap();
    assert_eq!(
        (log["max-size"].as_str(), log["max-file"].as_str()),
        ("1m", "2")
    );
}

#[rstest]
#[case("no", TaskSpecRestartPolicyConditionEnum::NONE)]
#[case("always", TaskSpecRestartPolicyConditionEnum::ANY)]
#[case("unless-stopped", TaskSpecRestartPolicyConditionEnum::ANY)]
#[case("on-failure:2", TaskSpecRestartPolicyConditionEnum::ON_FAILURE)]
fn a_restart_is_a_condition(
    #[case] restart: &str,
    #[case] wanted: TaskSpecRestartPolicyConditionEnum,
) {
    let policy = task(&json!({ "restart": restart })).restart_policy.unwrap();
    assert_eq!(policy.condition, Some(wanted));
}

#[rstest]
#[case("no", 1, false)]
#[case("on-failure:2", 2, true)]
#[case("on-failure:2", 3, false)]
#[case("on-failure", 9, true)]
#[case("always", 9, true)]
fn a_container_that_nobody_starts_again_is_not_waited_for(
    #[case] restart: &str,
    #[case] ends: usize,
    #[case] again: bool,
) {
    assert_eq!(
        starts_again(&job(&json!({ "restart": restart })), 1, ends),
        again
    );
}

#[test]
fn a_health_check_keeps_its_times_to_the_nanosecond() {
    let check = container(&json!({ "healthcheck": {
        "test": ["CMD", "x"], "interval": "1m30s", "timeout": "1.5s", "retries": 4,
        "start_period": "10s", "start_interval": "500ms",
    } }))
    .health_check
    .unwrap();
    assert_eq!(check.test, Some(vec!["CMD".to_owned(), "x".to_owned()]));
    assert_eq!(check.interval, Some(90_000_000_000));
    assert_eq!(check.timeout, Some(1_500_000_000));
    assert_eq!(check.start_interval, Some(500_000_000));
    assert_eq!(check.retries, Some(4));
    let off = container(&json!({ "healthcheck": { "disable": true } }));
    assert_eq!(
        off.health_check.unwrap().test,
        Some(vec!["NONE".to_owned()])
    );
}

#[test]
fn mounts_are_volumes_of_the_stack_memory_and_copies() {
    let container = container(&json!({
        "shm_size": "134217728",
        "tmpfs": ["/run:size=10m,mode=755"],
        "volumes": [
            { "type": "volume", "source": "data", "target": "/data", "read_only": true,
              "volume": { "nocopy": true } },
            { "type": "volume", "target": "/anon" },
            { "type": "bind", "source": format!("{ROOT}/init"), "target": "/init", "read_only": true },
            { "type": "bind", "source": "/srv/media", "target": "/media" },
        ],
    }));
    let mounts = container.mounts.unwrap();
    let at = |target: &str| -> &Mount {
        let found = mounts
            .iter()
            .find(|mount| mount.target.as_deref() == Some(target));
        found.unwrap_or_else(|| panic!("nothing at {target}"))
    };
    let data = at("/data");
    assert!(data.source.as_deref().unwrap().ends_with("-data"));
    assert_eq!(data.read_only, Some(true));
    assert_eq!(data.volume_options.as_ref().unwrap().no_copy, Some(true));
    assert_eq!(
        (at("/anon").typ, at("/anon").source.clone()),
        (Some(MountType::VOLUME), None)
    );
    assert_eq!(at("/init").source.as_deref(), Some("/copies/abc/files"));
    assert_eq!(at("/media").source.as_deref(), Some("/srv/media"));
    let memory = |target: &str| at(target).tmpfs_options.clone().unwrap();
    assert_eq!(memory("/dev/shm").size_bytes, Some(134_217_728));
    assert_eq!(memory("/run").size_bytes, Some(10 * 1024 * 1024));
    assert_eq!(memory("/run").mode, Some(0o755));
}

#[test]
fn a_component_has_its_names_on_its_networks() {
    let networks = |fields: Value| {
        let networks = task(&fields).networks.unwrap();
        networks
            .into_iter()
            .map(|network| (network.target.unwrap(), network.aliases.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let own = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        networks(json!({ "networks": { "a": { "aliases": ["ww"] } } })),
        [
            ("private".to_owned(), own(&["shop-web"])),
            ("stack".to_owned(), own(&["web", "ww"]))
        ]
    );
    // What listens can be reached by the proxy, so that a domain needs no new container.
    for listens in [
        json!({ "ports": [{ "target": 80 }] }),
        json!({ "expose": ["80"] }),
    ] {
        assert!(networks(listens).iter().any(|(target, _)| target == "edge"));
    }
}

#[test]
fn labels_of_a_file_cannot_be_ours() {
    let spec = spec(&json!({ "labels": {
        "mine": "yes", "longshore.owned": "no", "longshore.stack": "other",
        "com.docker.swarm.node": "x",
    } }));
    let container = spec.task_template.unwrap().container_spec.unwrap();
    let labels = container.labels.unwrap();
    assert_eq!(labels["mine"], "yes");
    assert_eq!(labels["longshore.owned"], "");
    assert_ne!(labels["longshore.stack"], "other");
    assert!(!labels.contains_key("com.docker.swarm.node"));
}

#[test]
fn replicas_are_those_of_the_file() {
    for fields in [
        json!({ "scale": 3 }),
        json!({ "deploy": { "replicas": 3 } }),
    ] {
        let mode = spec(&fields).mode.unwrap().replicated.unwrap();
        assert_eq!(mode.replicas, Some(3));
    }
}
