//! Certificates that the proxy shows, and the way of an authority's requests to the agent.

use std::net::{IpAddr, SocketAddr};

use bollard::query_parameters::InspectNetworkOptions;
use longshore_agent_api::AgentProblem;
use longshore_domain::DomainName;

use super::dynamic::{certificate_file, challenges_file};
use super::files::{certificate_name, challenges_name};
use super::{Edge, trouble};
use crate::engine::refused;

/// The bridge over which containers of overlay networks reach their machine.
const GATEWAY_BRIDGE: &str = "docker_gwbridge";

impl Edge {
    /// Gives the proxy a certificate and waits until it has taken it. Both texts are PEM that
    /// was checked before.
    ///
    /// # Errors
    /// When the proxy does not take the change.
    pub async fn set_certificate(
        &self,
        host: &DomainName,
        chain: &str,
        private_key: &str,
    ) -> Result<(), AgentProblem> {
        let secret = self.files.secret().await?;
        let name = certificate_name(host);
        let file = certificate_file(host, chain, private_key, &secret);
        if self.files.read(&name).await?.as_deref() == Some(&file.text) {
            return Ok(());
        }
        self.change(&name, &file).await
    }

    /// Takes a certificate away from the proxy.
    ///
    /// # Errors
    /// When the proxy does not take the change.
    pub async fn remove_certificate(&self, host: &DomainName) -> Result<(), AgentProblem> {
        self.take_away(&certificate_name(host)).await
    }

    /// Sends an authority's requests about these hosts to an address of this machine.
    ///
    /// # Errors
    /// When the proxy does not take the change.
    pub async fn set_challenges(
        &self,
        hosts: &[DomainName],
        to: SocketAddr,
    ) -> Result<(), AgentProblem> {
        let secret = self.files.secret().await?;
        let file = challenges_file(hosts, to, &secret);
        self.change(challenges_name(), &file).await
    }

    /// Sends no requests of an authority's anywhere any more.
    ///
    /// # Errors
    /// When the proxy does not take the change.
    pub async fn remove_challenges(&self) -> Result<(), AgentProblem> {
        self.take_away(challenges_name()).await
    }

    /// The address of this machine that the proxy can reach.
    ///
    /// # Errors
    /// When Docker does not say.
    pub async fn gateway(&self) -> Result<IpAddr, AgentProblem> {
        let network = self
            .engine
            .docker()
            .inspect_network(GATEWAY_BRIDGE, None::<InspectNetworkOptions>)
            .await
            .map_err(|error| refused("The proxy's way to its machine", &error))?;
        network
            .ipam
            .and_then(|ipam| ipam.config)
            .into_iter()
            .flatten()
            .find_map(|config| config.gateway?.split('/').next()?.parse().ok())
            .ok_or_else(|| trouble("Docker does not say how the proxy reaches its machine."))
    }

    /// What the public entry point answers to a request for a path of a host; none when it
    /// does not answer.
    pub async fn ask_as_visitor(&self, host: &DomainName, path: &str) -> Option<(u16, String)> {
        let url = format!("http://127.0.0.1:{}{path}", self.config.proxy_http_port);
        let answer = self.http.get(url).header(http::header::HOST, host.as_str());
        let answer = answer.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.text().await.ok()?))
    }
}
