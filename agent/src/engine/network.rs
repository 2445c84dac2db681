//! The edge network and the environments' private networks.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest, NetworkInspect};
use bollard::query_parameters::{InspectNetworkOptions, ListNetworksOptions};
use longshore_agent_api::AgentProblem;
use longshore_domain::{EnvironmentId, FailureKind};

use super::{Engine, is_absent, is_conflict, problem, refused};

/// The second byte of the networks `10.x.0.0/16` that the edge may have. Swarm takes its
/// own from the low end, clouds and home routers theirs mostly too.
const EDGE_CANDIDATES: std::ops::RangeInclusive<u8> = 128..=254;

/// How long Swarm may take to give a network its addresses.
const ALLOCATION_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// The edge network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EdgeNetwork {
    pub(crate) id: String,
    /// The proxy's address, always the same, so that the isolation rules hold over its
    /// restarts.
    pub(crate) proxy: Ipv4Addr,
}

impl EdgeNetwork {
    /// Docker makes the hardware address of an overlay's member from its IP address.
    pub(crate) fn proxy_mac(&self) -> String {
        let [a, b, c, d] = self.proxy.octets();
        format!("02:42:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
    }
}

impl Engine {
    /// The edge network, made when it is missing.
    pub(crate) async fn edge_network(&self) -> Result<EdgeNetwork, AgentProblem> {
        let name = self.names.edge_network();
        if self.network(&name).await?.is_some()
            && let Some(network) = self.when_allocated(&name).await?
        {
            return edge(&network);
        }
        for second in EDGE_CANDIDATES.rev() {
            if self.is_taken(second).await? {
                continue;
            }
            let request = NetworkCreateRequest {
                name: name.clone(),
                driver: Some("overlay".to_owned()),
                attachable: Some(true),
                ipam: Some(Ipam {
                    config: Some(vec![IpamConfig {
                        subnet: Some(format!("10.{second}.0.0/16")),
                        gateway: Some(format!("10.{second}.0.1")),
                        ..IpamConfig::default()
                    }]),
                    ..Ipam::default()
                }),
                labels: Some(HashMap::from([(self.names.owned(), String::new())])),
                ..NetworkCreateRequest::default()
            };
            match self.docker.create_network(request).await {
                Ok(_) => {}
                Err(error) if is_conflict(&error) => {}
                Err(error) => return Err(refused("The edge network", &error)),
            }
            if let Some(network) = self.when_allocated(&name).await? {
                return edge(&network);
            }
            // Somebody else was quicker with the same addresses.
            let removed = self.docker.remove_network(&name).await;
            removed.map_err(|error| refused("The network's removal", &error))?;
        }
        Err(problem(
            FailureKind::Internal,
            "No network 10.128.0.0/16 to 10.254.0.0/16 is free for the edge.",
        ))
    }

    /// A network once Swarm has given it its addresses, which it does in the background and
    /// without a word when it cannot.
    async fn when_allocated(&self, name: &str) -> Result<Option<NetworkInspect>, AgentProblem> {
        let deadline = Instant::now() + ALLOCATION_LIMIT;
        loop {
            let network = self.network(name).await?;
            if let Some(network) = network
                && subnet(&network).is_some()
            {
                return Ok(Some(network));
            }
            if Instant::now() > deadline {
                return Ok(None);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The id of an environment's private network, made when it is missing.
    pub(super) async fn environment_network(
        &self,
        environment: EnvironmentId,
    ) -> Result<String, AgentProblem> {
        self.private_network(NetworkCreateRequest {
            name: self.names.environment_network(environment),
            attachable: Some(true),
            labels: Some(HashMap::from([
                (self.names.owned(), String::new()),
                (self.names.environment(), environment.to_string()),
            ])),
            ..NetworkCreateRequest::default()
        })
        .await
    }

    /// The id of an overlay network, made as requested when it is missing.
    pub(super) async fn private_network(
        &self,
        request: NetworkCreateRequest,
    ) -> Result<String, AgentProblem> {
        let name = request.name.clone();
        if let Some(id) = self.network(&name).await?.and_then(|network| network.id) {
            return Ok(id);
        }
        let request = NetworkCreateRequest {
            driver: Some("overlay".to_owned()),
            ..request
        };
        match self.docker.create_network(request).await {
            Ok(created) => Ok(created.id),
            Err(error) if is_conflict(&error) => self
                .network(&name)
                .await?
                .and_then(|network| network.id)
                .ok_or_else(vanished),
            Err(error) => Err(refused("The private network", &error)),
        }
    }

    /// Removes an environment's private network.
    ///
    /// # Errors
    /// When something still uses it.
    pub async fn remove_environment(&self, environment: EnvironmentId) -> Result<(), AgentProblem> {
        let name = self.names.environment_network(environment);
        match self.docker.remove_network(&name).await {
            Err(error) if !is_absent(&error) => Err(refused("The network's removal", &error)),
            _ => Ok(()),
        }
    }

    pub(super) async fn network(&self, name: &str) -> Result<Option<NetworkInspect>, AgentProblem> {
        let found = self
            .docker
            .inspect_network(name, None::<InspectNetworkOptions>)
            .await;
        match found {
            Ok(network) => Ok(Some(network)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(refused("A network", &error)),
        }
    }

    /// Whether `10.<second>.0.0/16` meets a network of Docker's or a route of the machine.
    async fn is_taken(&self, second: u8) -> Result<bool, AgentProblem> {
        let networks = self
            .docker
            .list_networks(None::<ListNetworksOptions>)
            .await
            .map_err(|error| refused("The list of networks", &error))?;
        let subnets = networks
            .into_iter()
            .filter_map(|network| network.ipam?.config)
            .flatten()
            .filter_map(|config| config.subnet);
        let prefix = format!("10.{second}.");
        let by_docker = subnets
            .into_iter()
            .any(|subnet| subnet.starts_with(&prefix));
        let routes = tokio::fs::read_to_string("/proc/net/route")
            .await
            .unwrap_or_default();
        Ok(by_docker || is_routed(&routes, second))
    }
}

/// Whether a route of `/proc/net/route` that is no default route holds `10.<second>.0.0`
/// or lies inside of its /16.
fn is_routed(routes: &str, second: u8) -> bool {
    let wanted = u32::from(Ipv4Addr::new(10, second, 0, 0));
    routes.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace();
        let number = |text: Option<&str>| {
            // The kernel prints addresses in memory order.
            u32::from_str_radix(text?, 16).ok().map(u32::swap_bytes)
        };
        let (Some(destination), Some(mask)) = (number(fields.nth(1)), number(fields.nth(5))) else {
            return false;
        };
        let shared = mask & 0xffff_0000;
        mask != 0 && destination & shared == wanted & shared
    })
}

fn subnet(network: &NetworkInspect) -> Option<String> {
    let configs = network.ipam.as_ref()?.config.as_ref()?;
    configs.first()?.subnet.clone()
}

fn edge(network: &NetworkInspect) -> Result<EdgeNetwork, AgentProblem> {
    let base: Option<Ipv4Addr> =
        subnet(network).and_then(|subnet| subnet.strip_suffix("/16")?.parse().ok());
    match (&network.id, base) {
        (Some(id), Some(base)) => {
            let [a, b, ..] = base.octets();
            Ok(EdgeNetwork {
                id: id.clone(),
                proxy: Ipv4Addr::new(a, b, 255, 254),
            })
        }
        _ => Err(problem(
            FailureKind::Internal,
            "The edge network is not the one that the agent makes; remove it.",
        )),
    }
}

fn vanished() -> AgentProblem {
    problem(
        FailureKind::Internal,
        "A network vanished while it was made.",
    )
}

#[cfg(test)]
mod tests {
    use super::is_routed;

    const ROUTES: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
        eth0\t00000000\t014D12C6\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
        eth1\t0000C80A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
        eth2\t0005C90A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

    #[test]
    fn a_routed_network_is_not_taken_for_the_edge() {
        assert!(is_routed(ROUTES, 200));
        assert!(is_routed(ROUTES, 201));
        assert!(!is_routed(ROUTES, 202));
    }
}
