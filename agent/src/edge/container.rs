//! The proxy's container.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, EndpointIpamConfig, EndpointSettings,
    HostConfig, HostConfigLogConfig, Mount, MountType, NetworkingConfig, PortBinding, PortMap,
    RestartPolicy, RestartPolicyNameEnum,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, InspectContainerOptions,
    RemoveContainerOptionsBuilder, StartContainerOptions,
};
use futures_util::StreamExt as _;
use longshore_agent_api::AgentProblem;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::dynamic::{PRIVATE, PROBE, WEB, WEB_SECURE};
use super::isolation::EPHEMERAL_PORTS;
use super::{Edge, occupant, trouble};
use crate::engine::{EdgeNetwork, brief, is_absent, is_conflict, refused};

/// Ports inside the container, below those that answers come to.
const PROBE_PORT: u16 = 8081;
const PRIVATE_PORT: u16 = 8082;
/// Where the directories are inside the container.
const DYNAMIC_TARGET: &str = "/etc/longshore/dynamic";
/// How long the proxy may take to answer after its start.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Uploads may take this long; slower ones are cut.
const READ_TIMEOUT: &str = "3600s";
const POLL: Duration = Duration::from_millis(50);

/// Where the agent alone reaches the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PrivatePorts {
    pub(super) probe: u16,
    pub(super) state: u16,
}

impl Edge {
    /// Makes the container when it is missing or not the one that the settings ask for,
    /// and starts it.
    pub(super) async fn ensure_container(&self, network: &EdgeNetwork) -> Result<(), AgentProblem> {
        let name = self.engine.names().proxy();
        let image = self.proxy_image().await?;
        let mut body = self.container(network, &image);
        // As a value first: its maps are sorted, those of the request are not.
        let text = serde_json::to_value(&body).map(|body| body.to_string());
        let made_from = hex::encode(Sha256::digest(text.unwrap_or_default()));
        let labels = body.labels.get_or_insert_default();
        labels.insert(self.engine.names().made_from(), made_from.clone());
        if let Some(found) = self.find_container().await? {
            let labels = found
                .config
                .as_ref()
                .and_then(|config| config.labels.as_ref());
            let has = |key: &str| labels.and_then(|labels| labels.get(key));
            if has(&self.engine.names().owned()).is_none() {
                return Err(trouble(format!(
                    "A container that is not Longshore's has the proxy's name {name}; remove or rename it."
                )));
            }
            let is_current = has(&self.engine.names().made_from()) == Some(&made_from);
            if is_current && is_running(&found) {
                return Ok(());
            }
            if is_current && self.start_container(&name).await.is_ok() {
                tracing::info!("the proxy was started again");
                return Ok(());
            }
            tracing::info!("the proxy is made anew");
            self.remove_container(&name).await?;
        }
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let created = self
            .engine
            .docker()
            .create_container(Some(options), body)
            .await;
        match created {
            Ok(_) => {}
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(refused("The proxy", &error)),
        }
        self.start_container(&name).await
    }

    /// The container, when there is one.
    pub(super) async fn find_container(
        &self,
    ) -> Result<Option<ContainerInspectResponse>, AgentProblem> {
        let found = self
            .engine
            .docker()
            .inspect_container(
                &self.engine.names().proxy(),
                None::<InspectContainerOptions>,
            )
            .await;
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(refused("The proxy's state", &error)),
        }
    }

    /// The ports of this machine's loopback address that lead to the proxy's own entry
    /// points. They change at every start of it.
    pub(super) async fn private_ports(&self) -> Result<PrivatePorts, AgentProblem> {
        let found = self
            .find_container()
            .await?
            .ok_or_else(|| trouble("The proxy does not exist."))?;
        let ports = found
            .network_settings
            .and_then(|settings| settings.ports)
            .unwrap_or_default();
        let port = |inside: u16| {
            ports
                .get(&format!("{inside}/tcp"))?
                .as_ref()?
                .first()?
                .host_port
                .as_ref()?
                .parse()
                .ok()
        };
        match (port(PROBE_PORT), port(PRIVATE_PORT)) {
            (Some(probe), Some(state)) => Ok(PrivatePorts { probe, state }),
            _ => Err(trouble("The proxy does not run.")),
        }
    }

    /// Waits until the proxy answers, or has stopped again.
    pub(super) async fn wait_for_ping(&self) -> Result<(), AgentProblem> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if self.pings().await {
                return Ok(());
            }
            let container = self.find_container().await?;
            if !container.is_some_and(|container| is_running(&container)) {
                return Err(trouble("The proxy stopped right after its start."));
            }
            if Instant::now() > deadline {
                return Err(trouble(format!(
                    "The proxy does not answer {} seconds after its start.",
                    START_LIMIT.as_secs()
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn pings(&self) -> bool {
        let Ok(ports) = self.private_ports().await else {
            return false;
        };
        let url = format!("http://127.0.0.1:{}/ping", ports.state);
        let answer = self.http.get(url).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    async fn start_container(&self, name: &str) -> Result<(), AgentProblem> {
        let started = self
            .engine
            .docker()
            .start_container(name, None::<StartContainerOptions>)
            .await;
        let Err(error) = started else {
            return Ok(());
        };
        let text = error.to_string();
        if text.contains("already in use") || text.contains("already allocated") {
            let ports = [self.config.proxy_http_port, self.config.proxy_https_port];
            let taken = ports.into_iter().find(|port| {
                text.contains(&format!(":{port}:")) || text.contains(&format!(":{port} "))
            });
            return Err(trouble(occupant::describe(taken.unwrap_or(ports[0])).await));
        }
        Err(refused("The proxy's start", &error))
    }

    async fn remove_container(&self, name: &str) -> Result<(), AgentProblem> {
        let options = RemoveContainerOptionsBuilder::default()
            .force(true)
            .v(true)
            .build();
        match self
            .engine
            .docker()
            .remove_container(name, Some(options))
            .await
        {
            Err(error) if !is_absent(&error) => Err(refused("The proxy's removal", &error)),
            _ => Ok(()),
        }
    }

    /// The identity of the proxy's image, which is pulled when it is missing.
    async fn proxy_image(&self) -> Result<String, AgentProblem> {
        let reference = &self.config.traefik_image;
        let docker = self.engine.docker();
        match docker.inspect_image(reference).await {
            Ok(image) => return Ok(image.id.unwrap_or_else(|| reference.clone())),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(refused("The proxy's image", &error)),
        }
        tracing::info!(image = reference, "the proxy's image is pulled");
        let options = CreateImageOptionsBuilder::default()
            .from_image(reference)
            .build();
        let mut pull = std::pin::pin!(docker.create_image(Some(options), None, None));
        while let Some(step) = pull.next().await {
            let failure = match step {
                Ok(step) => step.error_detail.and_then(|detail| detail.message),
                Err(error) => Some(error.to_string()),
            };
            if let Some(reason) = failure {
                return Err(trouble(format!(
                    "The proxy's image {reference} cannot be pulled: {}.",
                    brief(&reason)
                )));
            }
        }
        let image = docker.inspect_image(reference).await;
        image
            .map(|image| image.id.unwrap_or_else(|| reference.clone()))
            .map_err(|error| refused("The proxy's image", &error))
    }

    fn container(&self, network: &EdgeNetwork, image: &str) -> ContainerCreateBody {
        let names = self.engine.names();
        let ports = [
            (80, public(self.config.proxy_http_port)),
            (443, public(self.config.proxy_https_port)),
            (PROBE_PORT, loopback()),
            (PRIVATE_PORT, loopback()),
        ];
        let mounts = vec![mount(&self.files.dynamic(), DYNAMIC_TARGET, true)];
        ContainerCreateBody {
            image: Some(image.to_owned()),
            cmd: Some(self.arguments()),
            labels: Some(HashMap::from([
                (names.owned(), String::new()),
                (names.role(), "proxy".to_owned()),
            ])),
            exposed_ports: Some(
                ports
                    .iter()
                    .map(|(port, _)| format!("{port}/tcp"))
                    .collect(),
            ),
            host_config: Some(HostConfig {
                network_mode: Some(names.edge_network()),
                port_bindings: Some(
                    ports
                        .into_iter()
                        .map(|(port, binding)| (format!("{port}/tcp"), Some(vec![binding])))
                        .collect::<PortMap>(),
                ),
                restart_policy: Some(RestartPolicy {
                    name: Some(RestartPolicyNameEnum::ALWAYS),
                    maximum_retry_count: None,
                }),
                mounts: Some(mounts),
                cap_drop: Some(vec!["ALL".to_owned()]),
                cap_add: Some(vec!["NET_BIND_SERVICE".to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                readonly_rootfs: Some(true),
                tmpfs: Some(HashMap::from([("/tmp".to_owned(), String::new())])),
                // The isolation rules tell answers from requests by these ports.
                sysctls: Some(HashMap::from([(
                    "net.ipv4.ip_local_port_range".to_owned(),
                    format!("{} {}", EPHEMERAL_PORTS.0, EPHEMERAL_PORTS.1),
                )])),
                log_config: Some(HostConfigLogConfig {
                    typ: Some("json-file".to_owned()),
                    config: Some(HashMap::from([
                        ("max-size".to_owned(), "10m".to_owned()),
                        ("max-file".to_owned(), "3".to_owned()),
                    ])),
                }),
                ..HostConfig::default()
            }),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(
                    names.edge_network(),
                    EndpointSettings {
                        ipam_config: Some(EndpointIpamConfig {
                            ipv4_address: Some(IpAddr::V4(network.proxy).to_string()),
                            ..EndpointIpamConfig::default()
                        }),
                        ..EndpointSettings::default()
                    },
                )])),
            }),
            ..ContainerCreateBody::default()
        }
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            "--global.checkNewVersion=false".to_owned(),
            "--global.sendAnonymousUsage=false".to_owned(),
            "--log.level=WARN".to_owned(),
            "--ping=true".to_owned(),
            format!("--ping.entryPoint={PRIVATE}"),
            format!("--providers.file.directory={DYNAMIC_TARGET}"),
            "--providers.file.watch=true".to_owned(),
            "--providers.providersThrottleDuration=100ms".to_owned(),
        ];
        let entry_points = [
            (WEB, 80),
            (WEB_SECURE, 443),
            (PROBE, PROBE_PORT),
            (PRIVATE, PRIVATE_PORT),
        ];
        for (name, port) in entry_points {
            arguments.push(format!("--entryPoints.{name}.address=:{port}"));
        }
        for name in [WEB, WEB_SECURE] {
            arguments.push(format!(
                "--entryPoints.{name}.transport.respondingTimeouts.readTimeout={READ_TIMEOUT}"
            ));
        }
        if !self.config.trusted_proxies.0.is_empty() {
            let ranges = self.config.trusted_proxies.0.iter();
            let ranges: Vec<String> = ranges.map(ToString::to_string).collect();
            for name in [WEB, WEB_SECURE] {
                arguments.push(format!(
                    "--entryPoints.{name}.forwardedHeaders.trustedIPs={}",
                    ranges.join(",")
                ));
            }
        }
        arguments
    }
}

/// Whether the container runs, or Docker is about to start it again by itself.
pub(super) fn is_running(container: &ContainerInspectResponse) -> bool {
    let state = container.state.as_ref();
    state.is_some_and(|state| state.running == Some(true) || state.restarting == Some(true))
}

/// On all addresses of both families.
fn public(port: u16) -> PortBinding {
    PortBinding {
        host_ip: None,
        host_port: Some(port.to_string()),
    }
}

/// On any free port of the loopback address.
fn loopback() -> PortBinding {
    PortBinding {
        host_ip: Some("127.0.0.1".to_owned()),
        host_port: None,
    }
}

fn mount(source: &Path, target: &str, read_only: bool) -> Mount {
    let source = std::path::absolute(source).unwrap_or_else(|_| source.to_owned());
    Mount {
        target: Some(target.to_owned()),
        source: Some(source.to_string_lossy().into_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}
