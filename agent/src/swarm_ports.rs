//! Closes the ports over which the machines of a Swarm talk to each other.
//!
//! Docker opens them to everybody, and what comes in by VXLAN is believed: whoever reaches
//! its port puts frames into any network, a container without privileges too. The rules
//! stand where the kernel delivers to this machine, so that they hold for each of its
//! addresses, for broadcasts, on every interface. They are the kernel's: Docker and the
//! agent come and go, and they stay. What another firewall flushes is put in again.

mod iptables;
mod rules;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;
use tokio::sync::Mutex;

use crate::engine::problem;
use iptables::Family;

/// The command that closes the ports to everybody and ends: for the time before Docker starts.
pub const COMMAND: &str = "guard";
/// Its option that takes the rules away.
const REMOVE: &str = "--remove";
/// How often to try when somebody else changes the rules at the same moment.
const ATTEMPTS: u32 = 5;
/// Is there when the kernel has IPv6.
const IPV6: &str = "/proc/net/if_inet6";

/// Who may reach the ports, and which they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    /// The addresses of the cluster's other machines.
    pub peers: BTreeSet<IpAddr>,
    /// The bridges that containers are on; a trailing `+` stands for any end of the name.
    pub bridges: BTreeSet<String>,
    /// The UDP port of VXLAN.
    pub data_path_port: u16,
    /// Whether the peers are not known yet: containers then reach nobody's ports.
    pub is_blind: bool,
}

impl Openings {
    /// No other machine is known, nor what Docker's bridges are called.
    #[must_use]
    pub fn none() -> Self {
        Self {
            peers: BTreeSet::new(),
            bridges: ["docker0", "docker_gwbridge", "br-+"]
                .map(str::to_owned)
                .into(),
            data_path_port: rules::VXLAN,
            is_blind: true,
        }
    }
}

/// What was put in last: the openings, and the rules of each family as the kernel gives
/// them back.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    applied: Mutex<Option<(Openings, Vec<String>)>>,
    /// Apart from the lock, which is held for as long as the rules take.
    has_peers: AtomicBool,
}

impl Closed {
    /// Makes the rules what they have to be; nothing is written when they are.
    pub(crate) async fn close(&self, openings: &Openings) -> Result<(), AgentProblem> {
        let mut applied = self.applied.lock().await;
        self.has_peers
            .store(!openings.peers.is_empty(), Ordering::Release);
        let mut is_there = false;
        if let Some((last, rules)) = applied.as_ref()
            && last == openings
        {
            is_there = rules_now(openings).await?.as_ref() == Some(rules);
            if !is_there && !rules.is_empty() {
                tracing::warn!("the rules for Swarm's ports were changed; they are put in again");
            }
        }
        if is_there {
            return Ok(());
        }
        // Without rules: what fails now is tried again, also while Docker is away.
        *applied = Some((openings.clone(), Vec::new()));
        for _ in 0..ATTEMPTS {
            close(openings).await?;
            if let Some(rules) = rules_now(openings).await? {
                *applied = Some((openings.clone(), rules));
                tracing::info!(peers = ?openings.peers, "Swarm's ports accept its machines alone");
                return Ok(());
            }
        }
        Err(problem(
            FailureKind::EngineUnavailable,
            "Swarm's ports cannot be closed: another program takes the rules away at once.",
        ))
    }

    /// Puts in again what was put in last, without asking Docker.
    pub(crate) async fn close_again(&self) -> Result<(), AgentProblem> {
        let last = self
            .applied
            .lock()
            .await
            .as_ref()
            .map(|last| last.0.clone());
        match last {
            Some(last) => self.close(&last).await,
            None => Ok(()),
        }
    }

    /// Whether there are other machines, as far as is known.
    pub(crate) fn has_peers(&self) -> bool {
        self.has_peers.load(Ordering::Acquire)
    }
}

/// Closes the ports in one step: at no moment are they more open than before.
///
/// # Errors
/// When the rules cannot be put in.
pub async fn close(openings: &Openings) -> Result<(), AgentProblem> {
    for family in families() {
        change(family, |listing| {
            Some(rules::closing(listing, openings, family))
        })
        .await?;
    }
    Ok(())
}

/// Takes the rules away.
///
/// # Errors
/// When that fails.
pub async fn open() -> Result<(), AgentProblem> {
    for family in families() {
        change(family, rules::opening).await?;
    }
    Ok(())
}

/// The command [`COMMAND`] with its arguments.
///
/// # Errors
/// When the rules cannot be changed.
pub async fn run(arguments: &[String]) -> Result<(), AgentProblem> {
    match arguments {
        [] => close(&Openings::none()).await,
        [only] if only == REMOVE => open().await,
        _ => Err(problem(
            FailureKind::Internal,
            format!("{COMMAND} takes {REMOVE} or nothing."),
        )),
    }
}

fn families() -> Vec<Family> {
    let mut families = vec![Family::V4];
    if Path::new(IPV6).exists() {
        families.push(Family::V6);
    }
    families
}

/// Makes the change that follows from the rules there are. They may change in between.
async fn change(family: Family, text: impl Fn(&str) -> Option<String>) -> Result<(), AgentProblem> {
    let mut attempt = 1;
    loop {
        let Some(text) = text(&iptables::list(family).await?) else {
            return Ok(());
        };
        match iptables::restore(family, text).await {
            Err(problem) if attempt < ATTEMPTS => {
                tracing::debug!(%problem, "somebody else changes the rules too");
                attempt += 1;
            }
            ended => return ended,
        }
    }
}

/// The rules of each family as the kernel has them; none when some are missing.
async fn rules_now(openings: &Openings) -> Result<Option<Vec<String>>, AgentProblem> {
    let mut all = Vec::new();
    for family in families() {
        let listing = iptables::list(family).await?;
        if !rules::are_whole(&listing, openings, family) {
            return Ok(None);
        }
        all.push(rules::own(&listing));
    }
    Ok(Some(all))
}
