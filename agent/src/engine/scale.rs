//! Where containers run, what is kept free for them, when they are started again, and the
//! ports of the machine that lead to them.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use bollard::models::{
    EndpointPortConfig, EndpointPortConfigProtocolEnum, EndpointPortConfigPublishModeEnum,
    ResourceObject, ServiceSpec, TaskSpec, TaskSpecPlacement, TaskSpecRestartPolicyConditionEnum,
};
use longshore_agent_api::{AgentProblem, DeployJob};
use longshore_domain::FailureKind;
use longshore_domain::scale::RestartCondition;

use super::{Engine, Names, problem};
use crate::edge::occupant;

/// Completes a specification.
pub(super) fn apply(spec: &mut ServiceSpec, job: &DeployJob, names: &Names) {
    if let Some(task) = &mut spec.task_template {
        apply_to_task(task, job, names);
    }
    if !job.host_ports.is_empty()
        && let Some(endpoint) = &mut spec.endpoint_spec
    {
        let ports = job.host_ports.iter().map(|port| EndpointPortConfig {
            protocol: Some(EndpointPortConfigProtocolEnum::TCP),
            published_port: Some(i64::from(port.port.get())),
            target_port: Some(i64::from(port.target.get())),
            // Straight from the machine to the container, without Swarm's routing mesh.
            publish_mode: Some(EndpointPortConfigPublishModeEnum::HOST),
            ..EndpointPortConfig::default()
        });
        endpoint.ports = Some(ports.collect());
    }
}

fn apply_to_task(task: &mut TaskSpec, job: &DeployJob, names: &Names) {
    let scale = &job.scale;
    if scale.memory_reservation_bytes.is_some() || scale.cpu_reservation_millis.is_some() {
        let resources = task.resources.get_or_insert_default();
        resources.reservations = Some(ResourceObject {
            nano_cpus: scale
                .cpu_reservation_millis
                .map(|millis| millis * 1_000_000),
            memory_bytes: scale.memory_reservation_bytes,
            ..ResourceObject::default()
        });
    }
    if !scale.placement.is_empty() {
        task.placement = Some(TaskSpecPlacement {
            constraints: Some(scale.placement.iter().map(ToString::to_string).collect()),
            ..TaskSpecPlacement::default()
        });
    }
    if let Some(restart) = &mut task.restart_policy {
        if scale.restart.condition == RestartCondition::OnFailure {
            restart.condition = Some(TaskSpecRestartPolicyConditionEnum::ON_FAILURE);
        }
        restart.delay = Some(i64::from(scale.restart.delay_seconds) * 1_000_000_000);
        restart.max_attempts = scale.restart.max_attempts.map(i64::from);
    }
    let container = task.container_spec.as_mut();
    if let Some(labels) = container.and_then(|container| container.labels.as_mut()) {
        let own = format!("{}.", names.instance());
        for (key, value) in &scale.labels {
            if !key.starts_with(&own) {
                labels.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
    }
}

impl Engine {
    /// Whether the ports of the machine that a job wants are free, or held by the version that
    /// it replaces.
    ///
    /// # Errors
    /// With who holds one.
    pub async fn check_host_ports(&self, job: &DeployJob) -> Result<(), AgentProblem> {
        if job.host_ports.is_empty() {
            return Ok(());
        }
        let mut held = Vec::new();
        for service in self.swarm_services(Some(job.service)).await? {
            let endpoint = service.found.spec.and_then(|spec| spec.endpoint_spec);
            let ports = endpoint
                .and_then(|endpoint| endpoint.ports)
                .into_iter()
                .flatten();
            held.extend(ports.filter_map(|port| port.published_port));
        }
        for port in job.host_ports.iter().map(|port| port.port.get()) {
            if held.contains(&i64::from(port)) || is_free(port) {
                continue;
            }
            let who = occupant::of(port)
                .await
                .unwrap_or_else(|| "another program".to_owned());
            return Err(problem(
                FailureKind::SpecificationInvalid,
                format!("Port {port} of the machine is in use by {who}; choose another one."),
            ));
        }
        Ok(())
    }
}

fn is_free(port: u16) -> bool {
    let taken = |address: SocketAddr| {
        TcpListener::bind(address).is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
    };
    let on_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    let on_v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    !taken(on_v4) && !taken(on_v6)
}
