//! Ports of the machine that lead straight to a container, past the proxy.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::run::Port;

/// The most of one service.
const MOST: usize = 10;
/// Ports below belong to the system and to the proxy.
const LOWEST: u16 = 1024;
/// What Swarm needs on every machine.
const OF_SWARM: [u16; 3] = [2377, 4789, 7946];

/// A TCP port of the machine that leads to a port of the one container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostPort {
    /// The port of the machine.
    pub port: Port,
    /// The port in the container.
    pub target: Port,
}

/// What is wrong with them, as fragments.
pub(crate) fn problems(ports: &[HostPort]) -> Vec<String> {
    let mut problems = Vec::new();
    if ports.len() > MOST {
        problems.push(format!("must be at most {MOST}"));
    }
    let mut seen = BTreeSet::new();
    for port in ports.iter().map(|port| port.port.get()) {
        if port < LOWEST {
            problems.push(format!("must not have {port}: the first one is {LOWEST}"));
        } else if OF_SWARM.contains(&port) {
            problems.push(format!("must not have {port}, which Docker Swarm needs"));
        }
        if !seen.insert(port) {
            problems.push(format!("must not have {port} twice"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{HostPort, problems};

    #[test]
    fn ports_of_the_system_and_of_swarm_are_refused() {
        let of = |ports: &[u16]| {
            let ports: Vec<HostPort> = ports
                .iter()
                .map(|&port| HostPort {
                    port: port.try_into().unwrap(),
                    target: 5432.try_into().unwrap(),
                })
                .collect();
            problems(&ports).len()
        };
        assert_eq!(of(&[1024, 5432, 65535]), 0);
        assert_eq!(of(&[80]), 1);
        assert_eq!(of(&[7946]), 1);
        assert_eq!(of(&[5432, 5432]), 1);
        assert_eq!(of(&(2000..2011).collect::<Vec<_>>()), 1);
    }
}
