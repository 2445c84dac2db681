//! The Swarm service of a deployment.

use std::collections::HashMap;
use std::path::Path;

use bollard::models::{
    EndpointSpec, EndpointSpecModeEnum, HealthConfig, ImageInspect, Limit, Mount, MountType,
    MountVolumeOptions, MountVolumeOptionsDriverConfig, NetworkAttachmentConfig, ServiceSpec,
    ServiceSpecMode, ServiceSpecModeReplicated, ServiceSpecUpdateConfig,
    ServiceSpecUpdateConfigOrderEnum, TaskSpec, TaskSpecContainerSpec,
    TaskSpecContainerSpecSecrets, TaskSpecLogDriver, TaskSpecResources, TaskSpecRestartPolicy,
    TaskSpecRestartPolicyConditionEnum,
};
use longshore_agent_api::DeployJob;
use longshore_domain::health::{HealthCheck, HealthProbe};
use longshore_domain::run::Port;
use longshore_domain::{Strategy, VolumeMount};

use super::binds::bind_mount;
use super::parts::Part;
use super::{Names, component};

/// Where the probe is inside a container.
pub(super) const PROBE_TARGET: &str = "/.longshore-probe";
/// Docker's wait before each check when the probe does the waiting.
const PROBE_INTERVAL_MS: i64 = 20;
/// The wait between two checks of a container that is only asked whether it listens, by
/// default, and that nobody set an interval for.
const QUIET_SECONDS: u32 = 10;
/// Between a container's end and its replacement.
pub(super) const RESTART_DELAY_SECONDS: i64 = 2;
/// What is kept of a container's output: this many files of this size.
const LOG_FILES: &str = "3";
const LOG_FILE_SIZE: &str = "10m";
/// Processes and threads in one container, against fork bombs.
pub(super) const PIDS_LIMIT: i64 = 4096;

/// What a Swarm service is made from, beside its job.
pub(super) struct Ingredients<'a> {
    pub(super) names: &'a Names,
    pub(super) image: &'a ImageInspect,
    pub(super) probe: &'a Path,
    /// The environment's network.
    pub(super) private: &'a str,
    /// The edge network.
    pub(super) edge: &'a str,
    /// The network of the stack that it belongs to.
    pub(super) stack: Option<String>,
    /// The address under which a container reaches the machine.
    pub(super) gateway: Option<String>,
    /// Files with a text of their own.
    pub(super) files: Vec<TaskSpecContainerSpecSecrets>,
}

/// The Swarm service of a part of a deployment.
pub(super) fn service_spec(job: &DeployJob, part: &Part, with: &Ingredients<'_>) -> ServiceSpec {
    let mut labels = with.names.labels(job);
    labels.insert(with.names.part(), part.index.to_string());
    let check = match &job.component {
        Some(stack) => component::check(&stack.component, job, with.image),
        None => Check::of(job, with.image),
    };
    let needs_probe = check.needs_probe;
    let container_labels = labels.clone();
    if let Some(check) = &check.config
        && let Ok(text) = serde_json::to_string(check)
    {
        labels.insert(with.names.health(), text);
    }
    let mut networks = vec![NetworkAttachmentConfig {
        target: Some(with.private.to_owned()),
        aliases: Some(vec![job.service_name.to_string()]),
        driver_opts: None,
    }];
    if component::is_on_edge(job) {
        networks.push(NetworkAttachmentConfig {
            target: Some(with.edge.to_owned()),
            aliases: None,
            driver_opts: None,
        });
    }
    let order = match job.strategy {
        Strategy::BlueGreen | Strategy::Rolling => ServiceSpecUpdateConfigOrderEnum::START_FIRST,
        Strategy::Recreate => ServiceSpecUpdateConfigOrderEnum::STOP_FIRST,
    };
    let mut spec = ServiceSpec {
        name: Some(part.name.clone()),
        labels: Some(labels),
        task_template: Some(TaskSpec {
            container_spec: Some(TaskSpecContainerSpec {
                // By identity: Swarm asks no registry for it, and no tag can be moved.
                image: with.image.id.clone(),
                labels: Some(container_labels),
                command: job.command.clone(),
                args: job
                    .arguments
                    .as_ref()
                    .map(|arguments| arguments.iter().map(|a| a.expose().to_owned()).collect()),
                env: Some(environment(job)),
                init: Some(true),
                mounts: Some(mounts(job, with, needs_probe)),
                secrets: (!with.files.is_empty()).then(|| with.files.clone()),
                stop_grace_period: Some(nanoseconds(job.stop_grace_seconds)),
                health_check: check.config,
                capability_drop: Some(vec!["CAP_NET_RAW".to_owned()]),
                ..TaskSpecContainerSpec::default()
            }),
            resources: Some(TaskSpecResources {
                limits: Some(Limit {
                    nano_cpus: job.cpu_limit_millis.map(|millis| millis * 1_000_000),
                    memory_bytes: job.memory_limit_bytes,
                    pids: Some(PIDS_LIMIT),
                }),
                ..TaskSpecResources::default()
            }),
            restart_policy: Some(TaskSpecRestartPolicy {
                condition: Some(TaskSpecRestartPolicyConditionEnum::ANY),
                delay: Some(RESTART_DELAY_SECONDS * 1_000_000_000),
                ..TaskSpecRestartPolicy::default()
            }),
            networks: Some(networks),
            log_driver: Some(TaskSpecLogDriver {
                name: Some("json-file".to_owned()),
                options: Some(log_options()),
            }),
            ..TaskSpec::default()
        }),
        mode: Some(ServiceSpecMode {
            replicated: Some(ServiceSpecModeReplicated {
                replicas: Some(i64::from(part.replicas)),
            }),
            ..ServiceSpecMode::default()
        }),
        update_config: Some(ServiceSpecUpdateConfig {
            parallelism: Some(1),
            order: Some(order),
            ..ServiceSpecUpdateConfig::default()
        }),
        endpoint_spec: Some(EndpointSpec {
            mode: Some(EndpointSpecModeEnum::DNSRR),
            ports: None,
        }),
        ..ServiceSpec::default()
    };
    if let Some(stack) = &job.component {
        component::fill(&mut spec, job, stack, with, needs_probe);
    }
    spec
}

/// The variables as a container takes them. `PORT` says where to listen, unless the
/// user says otherwise.
pub(super) fn environment(job: &DeployJob) -> Vec<String> {
    let port = job
        .port
        .filter(|_| job.variables.keys().all(|key| key.as_str() != "PORT"))
        .map(|port| format!("PORT={port}"));
    job.variables
        .iter()
        .map(|(key, value)| format!("{key}={}", value.expose()))
        .chain(port)
        .collect()
}

/// How much of a container's output Docker keeps.
pub(super) fn log_options() -> HashMap<String, String> {
    HashMap::from([
        ("max-size".to_owned(), LOG_FILE_SIZE.to_owned()),
        ("max-file".to_owned(), LOG_FILES.to_owned()),
    ])
}

fn mounts(job: &DeployJob, with: &Ingredients<'_>, needs_probe: bool) -> Vec<Mount> {
    let mut mounts: Vec<Mount> = job
        .volumes
        .iter()
        .map(|volume| volume_mount(job, with.names, volume))
        .collect();
    mounts.extend(job.binds.iter().map(bind_mount));
    mounts.extend(needs_probe.then(|| probe_mount(with.probe)));
    mounts
}

/// Docker makes the volume, with these labels, on the machine where a container first needs
/// it, and keeps it when the container is gone.
pub(super) fn volume_mount(job: &DeployJob, names: &Names, volume: &VolumeMount) -> Mount {
    Mount {
        target: Some(volume.path.to_string()),
        source: Some(names.volume(job.service, &volume.name)),
        typ: Some(MountType::VOLUME),
        read_only: Some(volume.read_only),
        volume_options: Some(MountVolumeOptions {
            labels: Some(names.volume_labels(job, &volume.name)),
            // Without a driver Docker 20.10 leaves the labels out.
            driver_config: Some(MountVolumeOptionsDriverConfig {
                name: Some("local".to_owned()),
                options: None,
            }),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

pub(super) fn probe_mount(probe: &Path) -> Mount {
    Mount {
        target: Some(PROBE_TARGET.to_owned()),
        source: Some(probe.to_string_lossy().into_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(true),
        ..Mount::default()
    }
}

fn nanoseconds(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000_000
}

/// A health check as Docker takes it.
pub(super) struct Check {
    pub(super) config: Option<HealthConfig>,
    /// Whether it is our probe.
    pub(super) needs_probe: bool,
}

impl Check {
    /// The check of an app.
    pub(super) fn of(job: &DeployJob, image: &ImageInspect) -> Self {
        let health = &job.health;
        match (&health.probe, job.port) {
            (HealthProbe::Command { argv }, _) => Self::command(argv, health),
            (HealthProbe::Http { .. }, Some(port)) => Self::probe(
                &probe_arguments(health, port),
                health.interval_seconds,
                health,
            ),
            (HealthProbe::Tcp, Some(port)) => {
                Self::probe(&[port.to_string()], health.interval_seconds, health)
            }
            (HealthProbe::Auto, Some(port)) if !has_check(image) => {
                let is_default = health.interval_seconds == HealthCheck::default().interval_seconds;
                let every = if is_default {
                    QUIET_SECONDS
                } else {
                    health.interval_seconds
                };
                Self::probe(&[port.to_string()], every, health)
            }
            (HealthProbe::Auto | HealthProbe::Http { .. } | HealthProbe::Tcp, _) => Self {
                config: None,
                needs_probe: false,
            },
        }
    }

    fn command(argv: &[String], health: &HealthCheck) -> Self {
        let mut test = vec!["CMD".to_owned()];
        test.extend_from_slice(argv);
        Self {
            config: Some(HealthConfig {
                test: Some(test),
                interval: Some(nanoseconds(health.interval_seconds)),
                timeout: Some(nanoseconds(health.timeout_seconds)),
                retries: Some(i64::from(health.retries)),
                start_period: Some(nanoseconds(health.start_period_seconds)),
                // Engines before 25 do not know it and wait a whole interval.
                start_interval: Some(500_000_000),
            }),
            needs_probe: false,
        }
    }

    fn probe(arguments: &[String], every: u32, health: &HealthCheck) -> Self {
        let mut test = vec!["CMD".to_owned(), PROBE_TARGET.to_owned()];
        test.extend_from_slice(arguments);
        for (flag, seconds) in [("--every", every), ("--timeout", health.timeout_seconds)] {
            test.extend([flag.to_owned(), seconds.to_string()]);
        }
        Self {
            config: Some(HealthConfig {
                test: Some(test),
                interval: Some(PROBE_INTERVAL_MS * 1_000_000),
                // The probe asks, waits and asks again.
                timeout: Some(nanoseconds(every + 2 * health.timeout_seconds + 1)),
                retries: Some(i64::from(health.retries)),
                start_period: Some(nanoseconds(health.start_period_seconds)),
                start_interval: Some(PROBE_INTERVAL_MS * 1_000_000),
            }),
            needs_probe: true,
        }
    }
}

/// What the probe is to ask on a port, as its arguments.
pub(super) fn probe_arguments(health: &HealthCheck, port: Port) -> Vec<String> {
    let mut arguments = vec![port.to_string()];
    if let HealthProbe::Http { path } = &health.probe {
        arguments.push(path.clone());
        if let Some(host) = &health.host {
            arguments.extend(["--host".to_owned(), host.clone()]);
        }
        if let Some(status) = health.expected_status {
            arguments.extend(["--status".to_owned(), status.to_string()]);
        }
    }
    arguments
}

/// Whether an image brings a health check of its own.
fn has_check(image: &ImageInspect) -> bool {
    image
        .config
        .as_ref()
        .and_then(|config| config.healthcheck.as_ref()?.test.as_ref())
        .and_then(|test| test.first())
        .is_some_and(|first| first != "NONE")
}

#[cfg(test)]
mod tests;
