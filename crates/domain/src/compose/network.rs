//! Networks, names and ports.

use serde_json::{Map, Value};

use super::amounts::integer;
use super::sections::Reading;
use super::values::{items, list, text};
use crate::run::Port;

impl Reading<'_> {
    /// All networks become one; what they promise beside that is said.
    pub(super) fn networks(&mut self, networks: &Map<String, Value>) {
        for (name, network) in networks {
            let driver = text(network, "driver").unwrap_or_default();
            if !matches!(driver.as_str(), "" | "bridge" | "overlay" | "default") {
                self.problem(format!(
                    "networks.{name}.driver is not possible here: the stack's network is an overlay; remove it."
                ));
            }
        }
        if networks.len() > 1 {
            self.note(
                "The stack has one private network, on which all components reach each other, whatever networks the file names.",
            );
        }
    }

    pub(super) fn hosts(&mut self, place: &str, fields: &Value) -> Vec<(String, String)> {
        let mut hosts = Vec::new();
        for line in list(fields, "extra_hosts").unwrap_or_default() {
            let parts = line.split_once('=').or_else(|| line.split_once(':'));
            let Some((name, address)) = parts else {
                self.problem(format!("{place}.extra_hosts must be names with addresses."));
                continue;
            };
            let address = address.trim_matches(['[', ']']);
            let fits = address == "host-gateway" || address.parse::<std::net::IpAddr>().is_ok();
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if !fits || name.is_empty() || !name.chars().all(plain) {
                self.problem(format!(
                    "{place}.extra_hosts must be names with an address or host-gateway."
                ));
                continue;
            }
            hosts.push((name.to_owned(), address.to_owned()));
        }
        hosts
    }
}

/// The first TCP port that the file names, and whether it names any.
pub(super) fn ports(fields: &Value) -> (Option<Port>, bool) {
    let is_tcp = |protocol: Option<&str>| protocol.is_none_or(|protocol| protocol == "tcp");
    let published = items(fields, "ports")
        .filter(|port| is_tcp(port.get("protocol").and_then(Value::as_str)))
        .filter_map(|port| port.get("target").and_then(integer));
    let exposed = items(fields, "expose").filter_map(|port| {
        let text = port
            .as_str()
            .map_or_else(|| port.to_string(), str::to_owned);
        let (numbers, protocol) = match text.split_once('/') {
            Some((numbers, protocol)) => (numbers, Some(protocol)),
            None => (text.as_str(), None),
        };
        is_tcp(protocol).then(|| numbers.split('-').next()?.parse::<i64>().ok())?
    });
    let first = published.chain(exposed).next();
    let port = first
        .and_then(|port| u16::try_from(port).ok())
        .and_then(Port::new);
    (port, first.is_some())
}

pub(super) fn aliases(fields: &Value) -> Vec<String> {
    let mut found: Vec<String> = fields
        .get("networks")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .flat_map(|(_, network)| list(network, "aliases").unwrap_or_default())
        .collect();
    found.sort();
    found.dedup();
    found
}
