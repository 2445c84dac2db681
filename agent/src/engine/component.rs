//! The Swarm service of a stack's component: what a Compose file can say of it.

use std::collections::HashMap;
use std::path::PathBuf;

use bollard::models::{
    HealthConfig, ImageInspect, Limit, Mount, MountTmpfsOptions, MountType, MountVolumeOptions,
    MountVolumeOptionsDriverConfig, NetworkAttachmentConfig, ResourceObject, ResourcesUlimits,
    ServiceSpec, TaskSpecContainerSpec, TaskSpecContainerSpecDnsConfig, TaskSpecResources,
    TaskSpecRestartPolicy, TaskSpecRestartPolicyConditionEnum,
};
use longshore_agent_api::{DeployJob, StackComponent};
use longshore_domain::VolumeName;
use longshore_domain::compose::{Component, ComponentHealth, ComponentMount, Restart};

use super::Names;
use super::spec::{
    Check, Ingredients, PIDS_LIMIT, RESTART_DELAY_SECONDS, log_options, probe_mount,
};

/// What Docker replaces by the address under which containers reach the machine.
const GATEWAY: &str = "host-gateway";

/// The health check of a component: its own, else as for an app.
pub(super) fn check(component: &Component, job: &DeployJob, image: &ImageInspect) -> Check {
    let (test, times) = match &component.health {
        None => return Check::of(job, image),
        Some(ComponentHealth::Disabled) => (vec!["NONE".to_owned()], None),
        Some(ComponentHealth::Test {
            test,
            interval,
            timeout,
            start_period,
            start_interval,
            retries,
        }) => (
            test.clone(),
            Some((interval, timeout, start_period, start_interval, retries)),
        ),
    };
    let mut config = HealthConfig {
        test: (!test.is_empty()).then_some(test),
        ..HealthConfig::default()
    };
    if let Some((interval, timeout, start_period, start_interval, retries)) = times {
        config.interval = *interval;
        config.timeout = *timeout;
        config.start_period = *start_period;
        config.start_interval = *start_interval;
        config.retries = *retries;
    }
    Check {
        config: Some(config),
        needs_probe: false,
    }
}

/// Whether the proxy reaches it.
pub(super) fn is_on_edge(job: &DeployJob) -> bool {
    job.port.is_some()
        || job
            .component
            .as_ref()
            .is_some_and(|component| component.component.takes_requests)
}

/// Makes a service that was made as for an app what the Compose file says.
pub(super) fn fill(
    spec: &mut ServiceSpec,
    job: &DeployJob,
    stack: &StackComponent,
    with: &Ingredients<'_>,
    needs_probe: bool,
) {
    let component = &stack.component;
    if let Some(labels) = &mut spec.labels {
        labels.insert(with.names.fingerprint(), stack.fingerprint.clone());
    }
    let Some(task) = &mut spec.task_template else {
        return;
    };
    if let Some(container) = &mut task.container_spec {
        container_spec(container, job, stack, with);
        let mut all = mounts(job, stack, with.names);
        all.extend(needs_probe.then(|| probe_mount(with.probe)));
        container.mounts = Some(all);
    }
    let resources = &component.resources;
    task.resources = Some(TaskSpecResources {
        limits: Some(Limit {
            nano_cpus: resources.nano_cpus,
            memory_bytes: resources.memory_bytes,
            pids: Some(resources.pids.unwrap_or(PIDS_LIMIT)),
        }),
        reservations: Some(ResourceObject {
            nano_cpus: resources.reserved_nano_cpus,
            memory_bytes: resources.reserved_memory_bytes,
            generic_resources: None,
        }),
        ..TaskSpecResources::default()
    });
    task.restart_policy = Some(restart(component.restart));
    if let Some(driver) = &mut task.log_driver {
        let mut options = log_options();
        for (key, value) in [
            ("max-size", &component.log.max_size),
            ("max-file", &component.log.max_file),
        ] {
            if let Some(value) = value {
                options.insert(key.to_owned(), value.clone());
            }
        }
        driver.options = Some(options);
    }
    if let (Some(networks), Some(private)) = (&mut task.networks, &with.stack) {
        let mut aliases = vec![component.name.to_string()];
        aliases.extend(component.aliases.iter().cloned());
        networks.push(NetworkAttachmentConfig {
            target: Some(private.clone()),
            aliases: Some(aliases),
            driver_opts: None,
        });
    }
}

fn container_spec(
    container: &mut TaskSpecContainerSpec,
    job: &DeployJob,
    stack: &StackComponent,
    with: &Ingredients<'_>,
) {
    let component = &stack.component;
    container.command.clone_from(&component.entrypoint);
    container.args.clone_from(&component.command);
    container.env = Some(
        component
            .environment
            .iter()
            .map(|(key, value)| match value {
                Some(value) => format!("{key}={value}"),
                None => key.clone(),
            })
            .collect(),
    );
    container.init = Some(component.init);
    container.tty = component.tty.then_some(true);
    container.open_stdin = component.stdin_open.then_some(true);
    container.read_only = component.read_only.then_some(true);
    container.user.clone_from(&component.user);
    container.groups = some(component.groups.clone());
    container.dir.clone_from(&component.working_dir);
    container.hostname.clone_from(&component.hostname);
    container.stop_signal.clone_from(&component.stop_signal);
    let mut labels = component.labels.clone();
    // Ours, and those by which Docker itself finds its own, are nobody else's to set.
    labels.retain(|key, _| !with.names.is_reserved(key));
    let mut all: HashMap<String, String> = labels.into_iter().collect();
    all.extend(with.names.labels(job));
    if let Some(part) = container
        .labels
        .as_ref()
        .and_then(|labels| labels.get(&with.names.part()).cloned())
    {
        all.insert(with.names.part(), part);
    }
    container.labels = Some(all);
    container.hosts = some(
        component
            .hosts
            .iter()
            .map(|(name, address)| {
                let address = match (address.as_str(), &with.gateway) {
                    (GATEWAY, Some(gateway)) => gateway,
                    (address, _) => address,
                };
                format!("{address} {name}")
            })
            .collect(),
    );
    let mut dropped = vec!["CAP_NET_RAW".to_owned()];
    dropped.extend(component.cap_drop.iter().cloned());
    dropped.dedup();
    container.capability_drop = Some(dropped);
    container.capability_add = some(component.cap_add.clone());
    container.sysctls =
        (!component.sysctls.is_empty()).then(|| component.sysctls.clone().into_iter().collect());
    if !(component.dns.is_empty()
        && component.dns_search.is_empty()
        && component.dns_options.is_empty())
    {
        container.dns_config = Some(TaskSpecContainerSpecDnsConfig {
            nameservers: some(component.dns.clone()),
            search: some(component.dns_search.clone()),
            options: some(component.dns_options.clone()),
        });
    }
    container.ulimits = some(
        component
            .ulimits
            .iter()
            .map(|limit| ResourcesUlimits {
                name: Some(limit.name.clone()),
                soft: Some(limit.soft),
                hard: Some(limit.hard),
            })
            .collect(),
    );
}

fn restart(restart: Restart) -> TaskSpecRestartPolicy {
    let usual = RESTART_DELAY_SECONDS * 1_000_000_000;
    match restart {
        Restart::Always { delay } => TaskSpecRestartPolicy {
            condition: Some(TaskSpecRestartPolicyConditionEnum::ANY),
            delay: Some(delay.unwrap_or(usual)),
            ..TaskSpecRestartPolicy::default()
        },
        Restart::OnFailure { attempts, delay } => TaskSpecRestartPolicy {
            condition: Some(TaskSpecRestartPolicyConditionEnum::ON_FAILURE),
            delay: Some(delay.unwrap_or(usual)),
            max_attempts: attempts,
            ..TaskSpecRestartPolicy::default()
        },
        Restart::Never => TaskSpecRestartPolicy {
            condition: Some(TaskSpecRestartPolicyConditionEnum::NONE),
            ..TaskSpecRestartPolicy::default()
        },
    }
}

fn mounts(job: &DeployJob, stack: &StackComponent, names: &Names) -> Vec<Mount> {
    stack
        .component
        .mounts
        .iter()
        .map(|mount| match mount {
            ComponentMount::Volume {
                name,
                target,
                read_only,
                no_copy,
                ..
            } => volume(job, stack, names, name, target, *read_only, *no_copy),
            ComponentMount::Anonymous { target } => Mount {
                target: Some(target.clone()),
                typ: Some(MountType::VOLUME),
                ..Mount::default()
            },
            ComponentMount::Tmpfs { target, size, mode } => Mount {
                target: Some(target.clone()),
                typ: Some(MountType::TMPFS),
                tmpfs_options: Some(MountTmpfsOptions {
                    size_bytes: *size,
                    mode: mode.map(i64::from),
                    ..MountTmpfsOptions::default()
                }),
                ..Mount::default()
            },
            ComponentMount::Checkout {
                target, read_only, ..
            } => {
                let copy = stack
                    .copies
                    .iter()
                    .find(|(at, _)| at == target)
                    .map(|(_, place)| place.clone());
                bind(&copy.unwrap_or_else(PathBuf::new), target, *read_only)
            }
            ComponentMount::Host {
                source,
                target,
                read_only,
            } => bind(&PathBuf::from(source.as_str()), target, *read_only),
        })
        .collect()
}

fn bind(source: &std::path::Path, target: &str, read_only: bool) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(source.to_string_lossy().into_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

/// A volume belongs to the stack: its components may share it.
fn volume(
    job: &DeployJob,
    stack: &StackComponent,
    names: &Names,
    name: &VolumeName,
    target: &str,
    read_only: bool,
    no_copy: bool,
) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(names.volume(stack.stack, name)),
        typ: Some(MountType::VOLUME),
        read_only: Some(read_only),
        volume_options: Some(MountVolumeOptions {
            no_copy: Some(no_copy),
            labels: Some(names.labels_of_volume(stack.stack, job.environment, name)),
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

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

#[cfg(test)]
mod tests;
