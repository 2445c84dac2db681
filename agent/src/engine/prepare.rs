//! Makes the machine ready: the API's version, the ports of Swarm, Swarm, the edge network.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use bollard::models::{LocalNodeState, SwarmInfo, SwarmInitRequest};
use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;

use super::{Engine, problem, refused};

/// What Docker refuses in fewer words.
const LIVE_RESTORE: &str = "Docker is set to keep containers running while it is restarted \
    (live-restore), which it does not allow together with Swarm. Remove live-restore from \
    /etc/docker/daemon.json and restart Docker.";

impl Engine {
    /// Agrees on a version with Docker, closes the ports of Swarm to strangers, makes the
    /// machine a Swarm of its own when it is in none, and makes the edge network. May be
    /// repeated.
    ///
    /// # Errors
    /// When Docker does not answer, or its Swarm cannot be used.
    pub async fn prepare(&self) -> Result<(), AgentProblem> {
        // The version is shared by all clones of the client.
        let client = self.docker.clone();
        client
            .negotiate_version()
            .await
            .map_err(|error| refused("The API's version", &error))?;
        // Before there is a Swarm, and before its first container.
        self.close_swarm_ports().await?;
        self.prepare_swarm().await?;
        self.probe().await?;
        self.edge_network().await.map(|_| ())
    }

    /// Docker's version, when it answers, and whether this is an active Swarm manager.
    pub async fn state(&self) -> (Option<String>, bool) {
        match self.docker.info().await {
            Ok(info) => (
                info.server_version,
                info.swarm.as_ref().is_some_and(is_manager),
            ),
            Err(_) => (None, false),
        }
    }

    async fn prepare_swarm(&self) -> Result<(), AgentProblem> {
        let info = self.docker.info().await;
        let info = info.map_err(|error| refused("Its state", &error))?;
        let restores = info.live_restore_enabled == Some(true);
        let swarm = info.swarm.unwrap_or_default();
        match swarm.local_node_state {
            Some(LocalNodeState::INACTIVE | LocalNodeState::EMPTY) | None if restores => {
                return Err(problem(FailureKind::EngineUnavailable, LIVE_RESTORE));
            }
            Some(LocalNodeState::INACTIVE | LocalNodeState::EMPTY) | None => {}
            Some(LocalNodeState::ACTIVE) if is_manager(&swarm) => return Ok(()),
            Some(LocalNodeState::ACTIVE) => {
                return Err(problem(
                    FailureKind::EngineUnavailable,
                    "This machine is a worker of a Swarm; the agent needs a manager.",
                ));
            }
            Some(LocalNodeState::LOCKED) => {
                return Err(problem(
                    FailureKind::EngineUnavailable,
                    "This machine's Swarm is locked; unlock it with docker swarm unlock.",
                ));
            }
            Some(state @ (LocalNodeState::PENDING | LocalNodeState::ERROR)) => {
                let error = swarm.error.unwrap_or_default();
                return Err(problem(
                    FailureKind::EngineUnavailable,
                    format!("This machine's Swarm is not usable ({state}) {error}"),
                ));
            }
        }
        let request = SwarmInitRequest {
            listen_addr: Some("0.0.0.0:2377".to_owned()),
            advertise_addr: Some(own_address().to_string()),
            ..SwarmInitRequest::default()
        };
        if let Err(error) = self.docker.init_swarm(request).await {
            // Somebody else may have been quicker.
            let info = self.docker.info().await;
            let info = info.map_err(|error| refused("Its state", &error))?;
            if info.swarm.as_ref().is_some_and(is_manager) {
                return Ok(());
            }
            return Err(refused("A Swarm", &error));
        }
        tracing::info!("Swarm initialised");
        Ok(())
    }
}

fn is_manager(swarm: &SwarmInfo) -> bool {
    swarm.local_node_state == Some(LocalNodeState::ACTIVE) && swarm.control_available == Some(true)
}

/// The address that packets to the outside carry; no packet is sent to find out. A machine
/// without a route can only be a Swarm of itself.
fn own_address() -> IpAddr {
    let outside = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 9));
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| {
            socket.connect(outside)?;
            socket.local_addr()
        })
        .map(|address| address.ip())
        .ok()
        .filter(|address| !address.is_unspecified())
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}
