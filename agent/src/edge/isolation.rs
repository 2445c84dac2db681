//! Keeps services apart on the network that all of them share with the proxy.
//!
//! In the network's own namespace a bridge passes frames between its members. Rules there
//! pass what the proxy sends, and what comes back to the ports from which the proxy makes
//! its connections; between services, and from services to the ports on which the proxy
//! listens, nothing passes but ARP. The proxy's address never changes, so the rules hold
//! over its restarts; when the namespace was made anew they are put in again. Services
//! have no `NET_RAW` and no `NET_ADMIN` and cannot take on another address. What comes from
//! other machines is in nobody's name but its own: while there are none, nothing comes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use longshore_agent_api::AgentProblem;
use tokio::process::Command;
use tokio::sync::watch;

use super::{Edge, trouble};
use crate::engine::{EdgeNetwork, brief};

/// The ports from which the proxy makes connections.
pub(super) const EPHEMERAL_PORTS: (u16, u16) = (32_768, 60_999);
/// Docker's namespaces, when the proxy does not tell where its own is.
const NAMESPACES: &str = "/var/run/docker/netns";
const CHAIN: &str = "FORWARD";
/// The port of the bridge behind which the other machines are.
const VXLAN_PORT: &str = "vxlan+";

mod guard;

/// What was put in last.
#[derive(Debug, Default)]
pub(super) struct Isolation {
    applied: tokio::sync::Mutex<Option<Applied>>,
    /// The network, and where its namespace has been seen, to be guarded.
    known: watch::Sender<Option<(EdgeNetwork, PathBuf)>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Applied {
    namespace: Namespace,
    rules: Vec<Vec<String>>,
    /// The rules as the kernel gives them back.
    listing: String,
}

/// One life of a network's namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Namespace {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Edge {
    /// Puts the rules in, when they are not.
    pub(super) async fn isolate(&self, network: &EdgeNetwork) -> Result<(), AgentProblem> {
        // Before the lock: Docker may take its time to answer.
        let namespace = self.namespace(network).await?;
        // Without members a network has no namespace, and nobody to keep apart.
        let Some(namespace) = namespace else {
            *self.isolation.applied.lock().await = None;
            return Ok(());
        };
        let known = (network.clone(), namespace.directory());
        self.isolation.known.send_if_modified(|last| {
            let is_new = last.as_ref() != Some(&known);
            *last = Some(known);
            is_new
        });
        self.isolate_namespace(network, namespace).await
    }

    async fn isolate_namespace(
        &self,
        network: &EdgeNetwork,
        namespace: Namespace,
    ) -> Result<(), AgentProblem> {
        let mut applied = self.isolation.applied.lock().await;
        let listing = list(&namespace).await?;
        let rules = rules(network, self.engine.has_peers());
        let is_there = applied.as_ref().is_some_and(|applied| {
            applied.namespace == namespace && applied.rules == rules && applied.listing == listing
        });
        if is_there {
            return Ok(());
        }
        for rule in &rules {
            ebtables(&namespace, rule).await?;
        }
        let listing = list(&namespace).await?;
        tracing::info!("services are isolated on the edge network");
        *applied = Some(Applied {
            namespace,
            rules,
            listing,
        });
        Ok(())
    }

    /// Puts the rules in when the namespace is not the one that has them; cheap.
    pub(super) async fn isolate_when_new(&self, network: &EdgeNetwork) -> Result<(), AgentProblem> {
        let known = {
            let applied = self.isolation.applied.lock().await;
            applied.as_ref().map(|applied| applied.namespace.clone())
        };
        if let Some(known) = known
            && Namespace::at(known.path.clone()).is_ok_and(|now| now == known)
        {
            return Ok(());
        }
        self.isolate(network).await
    }

    async fn namespace(&self, network: &EdgeNetwork) -> Result<Option<Namespace>, AgentProblem> {
        let own = self
            .find_container()
            .await?
            .and_then(|container| container.network_settings?.sandbox_key)
            .map(PathBuf::from);
        let directory = own
            .as_deref()
            .and_then(Path::parent)
            .filter(|directory| directory.is_absolute() && directory.parent().is_some())
            .unwrap_or(Path::new(NAMESPACES));
        find(directory, &network.id).map_err(|error| {
            trouble(format!(
                "Services are not isolated: {} cannot be read: {error}.",
                directory.display()
            ))
        })
    }
}

impl Namespace {
    fn directory(&self) -> PathBuf {
        self.path.parent().unwrap_or(&self.path).to_owned()
    }

    fn at(path: PathBuf) -> io::Result<Self> {
        let meta = fs::metadata(&path)?;
        Ok(Self {
            path,
            device: meta.dev(),
            inode: meta.ino(),
        })
    }
}

/// Docker names an overlay's namespace by a counter and the beginning of its id.
fn find(directory: &Path, network: &str) -> io::Result<Option<Namespace>> {
    let tail = tail(network);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(&tail) {
            return Namespace::at(entry.path()).map(Some);
        }
    }
    Ok(None)
}

fn tail(network: &str) -> String {
    format!("-{}", network.get(..10).unwrap_or(network))
}

/// The rules, in an order in which nothing passes too much in between.
fn rules(network: &EdgeNetwork, has_peers: bool) -> Vec<Vec<String>> {
    let mac = network.proxy_mac();
    let address = network.proxy.to_string();
    let answers = format!("{}:{}", EPHEMERAL_PORTS.0, EPHEMERAL_PORTS.1);
    let mut rules = vec![format!("-P {CHAIN} DROP"), format!("-F {CHAIN}")];
    let mut add = |rule: &str| rules.push(format!("-A {CHAIN} {rule}"));
    if has_peers {
        // The proxy is on this machine.
        add(&format!("-i {VXLAN_PORT} -s {mac} -j DROP"));
        add(&format!(
            "-i {VXLAN_PORT} -p IPv4 --ip-src {address} -j DROP"
        ));
    } else {
        add(&format!("-i {VXLAN_PORT} -j DROP"));
    }
    // Nobody else may say that the proxy's address is theirs.
    add(&format!("-p ARP --arp-ip-src {address} -s ! {mac} -j DROP"));
    add("-p ARP -j ACCEPT");
    add(&format!("-s {mac} -j ACCEPT"));
    add(&format!(
        "-p IPv4 -d {mac} --ip-proto tcp --ip-dport {answers} -j ACCEPT"
    ));
    rules
        .iter()
        .map(|rule| rule.split(' ').map(str::to_owned).collect())
        .collect()
}

async fn list(namespace: &Namespace) -> Result<String, AgentProblem> {
    ebtables(namespace, &["-L".to_owned(), CHAIN.to_owned()]).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "rules of a bridge in another namespace have no API"
)]
async fn ebtables(namespace: &Namespace, arguments: &[String]) -> Result<String, AgentProblem> {
    let output = Command::new("nsenter")
        .arg(format!("--net={}", namespace.path.display()))
        .arg("ebtables")
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| {
            trouble(format!(
                "Services are not isolated: nsenter cannot be started: {error}."
            ))
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(trouble(format!(
        "Services are not isolated: ebtables failed: {}.",
        brief(&String::from_utf8_lossy(&output.stderr))
    )))
}

#[cfg(test)]
mod tests;
