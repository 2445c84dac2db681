//! What Swarm is told of each managed database and of a tunnel. Not every program can be had
//! where the tests run: this is as far as those are tested.

use std::collections::BTreeMap;
use std::path::Path;

use bollard::models::{ImageInspect, MountType, ServiceSpec, ServiceSpecUpdateConfigOrderEnum};
use longshore_agent_api::{DeployJob, Origin, StageLimits, WireSecret};
use longshore_domain::database::{ENGINES, Engine, EngineValue};
use longshore_domain::run::RunSettings;
use longshore_domain::takeover::{self, StrategyReason};
use longshore_domain::variable::fill;
use longshore_domain::{DeploymentId, EnvKey, EnvironmentId, ImageRef, Secret, ServiceId, tunnel};

use super::{Ingredients, service_spec};
use crate::engine::Names;
use crate::engine::parts::Part;

const PASSWORD: &str = "0123456789abcdef";

fn job(engine: &Engine) -> DeployJob {
    let run = engine.run([], Some(512 * 1024 * 1024)).unwrap();
    let image = engine.image(engine.default_version).unwrap();
    let mut variables: BTreeMap<EnvKey, Secret> = BTreeMap::new();
    for variable in engine.variables {
        let text = match variable.value {
            EngineValue::Password => PASSWORD.to_owned(),
            EngineValue::Text(text) | EngineValue::Secret(text) => fill(text, &variables),
        };
        variables.insert(variable.key.parse().unwrap(), Secret::new(text));
    }
    job_of(&run, image, &variables)
}

fn job_of(
    run: &RunSettings,
    reference: ImageRef,
    variables: &BTreeMap<EnvKey, Secret>,
) -> DeployJob {
    let filled = |text: &String| WireSecret::from(Secret::new(fill(text, variables)));
    DeployJob {
        deployment: DeploymentId::generate(),
        number: 1,
        live_number: None,
        service: ServiceId::generate(),
        service_name: "db".parse().unwrap(),
        environment: EnvironmentId::generate(),
        origin: Origin::Image { reference },
        arguments: run
            .arguments
            .as_ref()
            .map(|arguments| arguments.iter().map(filled).collect()),
        variables: variables
            .iter()
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect(),
        registries: Vec::new(),
        redact: Vec::new(),
        port: None,
        command: run.command.clone(),
        volumes: run.volumes.clone(),
        files: Vec::new(),
        binds: Vec::new(),
        stack: None,
        component: None,
        host_ports: Vec::new(),
        scale: longshore_domain::scale::Scale::default(),
        release_command: None,
        replicas: run.replicas,
        memory_limit_bytes: run.memory_limit_bytes,
        cpu_limit_millis: None,
        health: run.health.clone(),
        strategy: takeover::choose(run.strategy, run.sole_use()).0,
        strategy_reason: StrategyReason::SingleWriterVolume,
        sticky_sessions: false,
        routes: Vec::new(),
        drain_seconds: run.drain_seconds,
        stop_grace_seconds: run.stop_grace_seconds,
        settle_seconds: run.settle_seconds,
        limits: StageLimits::default(),
    }
}

fn spec(job: &DeployJob) -> ServiceSpec {
    let part = Part {
        index: 0,
        name: "longshore-db-1".to_owned(),
        replicas: job.replicas,
    };
    service_spec(
        job,
        &part,
        &Ingredients {
            names: &Names::new("longshore"),
            image: &ImageInspect::default(),
            probe: Path::new("/probe"),
            private: "private",
            edge: "edge",
            stack: None,
            gateway: None,
            files: Vec::new(),
        },
    )
}

#[test]
fn each_engine_is_one_container_with_its_volume_on_the_private_network_alone() {
    for engine in ENGINES {
        let name = engine.name;
        let job = job(engine);
        let spec = spec(&job);
        let task = spec.task_template.unwrap();
        let container = task.container_spec.unwrap();

        let mounts = container.mounts.unwrap();
        assert_eq!(mounts.len(), 1, "{name}");
        assert_eq!(mounts[0].typ, Some(MountType::VOLUME), "{name}");
        assert_eq!(mounts[0].target.as_deref(), Some(engine.data_directory));
        let source = mounts[0].source.clone().unwrap();
        assert!(source.ends_with("-data"), "{name}: {source}");

        // Never two over one directory.
        let replicas = spec.mode.unwrap().replicated.unwrap().replicas;
        assert_eq!(replicas, Some(1), "{name}");
        assert_eq!(
            spec.update_config.unwrap().order,
            Some(ServiceSpecUpdateConfigOrderEnum::STOP_FIRST),
            "{name}"
        );

        // Reached by nobody outside its environment.
        let networks = task.networks.unwrap();
        assert_eq!(networks.len(), 1, "{name}");
        assert_eq!(networks[0].target.as_deref(), Some("private"));
        assert_eq!(networks[0].aliases, Some(vec!["db".to_owned()]));
        assert_eq!(spec.endpoint_spec.unwrap().ports, None);

        // The image's own entry point runs, with all references filled in.
        assert_eq!(container.command, None, "{name}");
        let arguments = container.args.unwrap_or_default();
        let told = arguments.iter().chain(container.env.iter().flatten());
        assert!(told.clone().all(|text| !text.contains("${{")), "{name}");
        assert!(told.clone().any(|text| text.contains(PASSWORD)), "{name}");
        let check = container.health_check.unwrap().test.unwrap();
        assert_eq!(check[0], "CMD", "{name}");
        assert_eq!(check[1..], *engine.health, "{name}");
        let limit = task.resources.unwrap().limits.unwrap().memory_bytes;
        assert_eq!(limit, Some(512 * 1024 * 1024), "{name}");
    }
}

#[test]
fn redis_and_valkey_keep_their_memory_below_the_limit() {
    for name in ["redis", "valkey"] {
        let spec = spec(&job(Engine::find(name).unwrap()));
        let container = spec.task_template.unwrap().container_spec.unwrap();
        let arguments = container.args.unwrap().join(" ");
        assert_eq!(
            arguments,
            format!(
                "{name}-server --requirepass {PASSWORD} --maxmemory-policy noeviction \
                 --appendonly yes --maxmemory 402653184"
            )
        );
    }
}

#[test]
fn a_tunnel_has_its_token_in_its_environment_alone_and_asks_itself_how_it_does() {
    let token = "eyJ0b2tlbg==";
    let variables = BTreeMap::from([
        (tunnel::TOKEN_KEY.parse().unwrap(), Secret::new(token)),
        (
            tunnel::METRICS_KEY.parse().unwrap(),
            Secret::new(tunnel::METRICS),
        ),
    ]);
    let image = tunnel::IMAGE.parse().unwrap();
    let spec = spec(&job_of(&tunnel::run_settings(), image, &variables));
    let task = spec.task_template.unwrap();
    let container = task.container_spec.unwrap();
    // The image's entry point is the program.
    assert_eq!(container.command, None);
    assert_eq!(
        container.args.unwrap(),
        ["tunnel", "--no-autoupdate", "run"]
    );
    assert_eq!(
        container.env.unwrap(),
        [
            format!("TUNNEL_METRICS={}", tunnel::METRICS),
            format!("TUNNEL_TOKEN={token}"),
        ]
    );
    let check = container.health_check.unwrap();
    assert_eq!(
        check.test.unwrap(),
        [
            "CMD",
            "cloudflared",
            "tunnel",
            "--metrics",
            tunnel::METRICS,
            "ready"
        ]
    );
    assert_eq!(
        (check.retries, check.interval),
        (Some(6), Some(10_000_000_000))
    );
    // Longer than the half minute that it takes for requests that are under way.
    assert_eq!(container.stop_grace_period, Some(35_000_000_000));
    assert!(container.mounts.unwrap().is_empty());
    // It reaches the services of its environment, and nobody reaches it.
    let networks = task.networks.unwrap();
    assert_eq!(networks.len(), 1);
    assert_eq!(networks[0].target.as_deref(), Some("private"));
    assert_eq!(spec.endpoint_spec.unwrap().ports, None);
    assert_eq!(
        spec.update_config.unwrap().order,
        Some(ServiceSpecUpdateConfigOrderEnum::START_FIRST)
    );
}
