//! Who belongs to the cluster, for the rules that close Swarm's ports.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bollard::models::{LocalNodeState, SwarmInfo};
use bollard::query_parameters::{ListNetworksOptionsBuilder, ListNodesOptions};
use longshore_agent_api::AgentProblem;

use super::{Engine, refused};
use crate::swarm_ports::Openings;

/// How often it is looked whether another firewall has taken the rules away.
const LOOK: Duration = Duration::from_secs(5);
/// How Docker's bridges are called.
const BRIDGE: &str = "com.docker.network.bridge.name";

impl Engine {
    /// Closes Swarm's ports to all but the cluster's other machines.
    ///
    /// # Errors
    /// When Docker does not say who they are, or the rules cannot be put in.
    pub async fn close_swarm_ports(&self) -> Result<(), AgentProblem> {
        let openings = self.openings().await?;
        self.swarm_ports.close(&openings).await
    }

    /// Whether there are other machines, as far as is known.
    pub(crate) fn has_peers(&self) -> bool {
        self.swarm_ports.has_peers()
    }

    /// Keeps the ports closed, also while Docker is away; never ends.
    pub(crate) async fn keep_swarm_ports_closed(&self) {
        let mut last_problem = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let kept = match tokio::time::timeout(LOOK, self.openings()).await {
                Ok(Ok(openings)) => self.swarm_ports.close(&openings).await,
                Ok(Err(_)) | Err(_) => self.swarm_ports.close_again().await,
            };
            // The same trouble is told once.
            if kept.as_ref().err() != last_problem.as_ref()
                && let Err(problem) = &kept
            {
                tracing::error!(%problem, "Swarm's ports may be open");
            }
            last_problem = kept.err();
        }
    }

    async fn openings(&self) -> Result<Openings, AgentProblem> {
        let info = self.docker.info().await;
        let info = info.map_err(|error| refused("Its state", &error))?;
        let swarm = info.swarm.unwrap_or_default();
        let mut openings = Openings {
            bridges: self.bridges().await?,
            is_blind: false,
            ..Openings::none()
        };
        if let Some(port) = data_path_port(&swarm) {
            openings.data_path_port = port;
        }
        if matches!(
            swarm.local_node_state,
            Some(LocalNodeState::INACTIVE | LocalNodeState::EMPTY) | None
        ) {
            return Ok(openings);
        }
        openings.peers = managers(&swarm);
        // Without most of the managers nobody knows the nodes; the managers must find each
        // other for that to end.
        if swarm.control_available == Some(true)
            && let Ok(nodes) = self.docker.list_nodes(None::<ListNodesOptions>).await
        {
            let others = nodes.into_iter().filter(|node| node.id != swarm.node_id);
            openings.peers.extend(others.flat_map(|node| {
                let own = node.status.and_then(|status| status.addr);
                let as_manager = node.manager_status.and_then(|status| status.addr);
                [own, as_manager]
                    .into_iter()
                    .flatten()
                    .filter_map(|text| address(&text))
            }));
        }
        if let Some(own) = swarm.node_addr.as_deref().and_then(address) {
            openings.peers.remove(&own);
        }
        Ok(openings)
    }

    /// The bridges on which there are containers.
    async fn bridges(&self) -> Result<BTreeSet<String>, AgentProblem> {
        let filters = HashMap::from([("driver", vec!["bridge"])]);
        let options = ListNetworksOptionsBuilder::default()
            .filters(&filters)
            .build();
        let networks = self.docker.list_networks(Some(options)).await;
        let networks = networks.map_err(|error| refused("The list of networks", &error))?;
        let mut bridges = BTreeSet::from(["docker0".to_owned(), "docker_gwbridge".to_owned()]);
        bridges.extend(networks.into_iter().filter_map(|network| {
            let named = network
                .options
                .and_then(|mut options| options.remove(BRIDGE));
            named.or_else(|| Some(format!("br-{}", network.id?.get(..12)?)))
        }));
        // What cannot be the name of an interface is none.
        bridges.retain(|name| {
            (1..16).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
        });
        Ok(bridges)
    }
}

fn data_path_port(swarm: &SwarmInfo) -> Option<u16> {
    let port = swarm.cluster.as_ref()?.data_path_port?;
    u16::try_from(port).ok().filter(|port| *port != 0)
}

fn managers(swarm: &SwarmInfo) -> BTreeSet<IpAddr> {
    swarm
        .remote_managers
        .iter()
        .flatten()
        .filter(|manager| manager.node_id != swarm.node_id)
        .filter_map(|manager| address(manager.addr.as_deref()?))
        .collect()
}

/// An address with or without a port. One that does not tell machines apart is none.
fn address(text: &str) -> Option<IpAddr> {
    let parsed = text.parse::<SocketAddr>().map(|address| address.ip());
    let address = parsed.or_else(|_| text.parse()).ok()?;
    let is_one = !address.is_unspecified() && !address.is_loopback() && !address.is_multicast();
    is_one.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_that_is_no_machine_opens_nothing() {
        for text in [
            "0.0.0.0",
            "127.0.0.1:2377",
            "[::]:2377",
            "224.0.0.1",
            "node-1",
            "",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
        for (text, expected) in [("10.0.0.2:2377", "10.0.0.2"), ("[fd00::2]:2377", "fd00::2")] {
            assert_eq!(address(text), expected.parse().ok());
        }
        assert_eq!(address("10.0.0.3"), "10.0.0.3".parse().ok());
    }
}
