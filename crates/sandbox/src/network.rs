//! The sandbox's way out: a veth pair, and NAT rules that carry a comment to be found again by.

use std::fs;

use anyhow::Context;

use crate::{Place, process};
use std::process::Command;

/// Networks of four addresses in 198.18.0.0/15, a block that RFC 2544 keeps for tests.
const NETWORKS: u16 = 1 << 15;

/// The resolver that the sandbox uses; one on a loopback address would not be reachable from inside.
pub fn resolver() -> anyhow::Result<String> {
    let own = fs::read_to_string("/etc/resolv.conf").context("/etc/resolv.conf")?;
    if own.contains("nameserver 127.") {
        return fs::read_to_string("/run/systemd/resolve/resolv.conf").context(
            "this machine's resolver is on a loopback address and its upstream is unknown",
        );
    }
    Ok(own)
}

/// Gives the sandbox of that process an `eth0` with a way to the outside.
pub fn join(place: &Place, first_process: u32) -> anyhow::Result<()> {
    let routes = process::output(Command::new("ip").args(["-4", "route", "show"]))?;
    let network = (0..NETWORKS)
        .map(|step| Network::numbered(place.first_network().wrapping_add(step)))
        .find(|network| !routes.contains(&network.address(0)))
        .context("no free network for the sandbox")?;
    let pid = first_process.to_string();
    let (link, comment) = (&*place.link(), &*place.comment());
    let peer = ["type", "veth", "peer", "name", "eth0", "netns", &pid];
    ip(&[&["link", "add", link][..], &peer].concat())?;
    let outside = format!("{}/30", network.address(1));
    ip(&["address", "add", &outside, "dev", link])?;
    ip(&["link", "set", link, "up"])?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;

    let subnet = format!("{}/30", network.address(0));
    let rules: [(&str, &str, &[&str]); 4] = [
        (
            "nat",
            "POSTROUTING",
            &["-s", &subnet, "!", "-o", link, "-j", "MASQUERADE"],
        ),
        ("filter", "FORWARD", &["-i", link, "-j", "ACCEPT"]),
        ("filter", "FORWARD", &["-o", link, "-j", "ACCEPT"]),
        // Bridges in the sandbox have a larger MTU than some machines' way out.
        (
            "mangle",
            "FORWARD",
            &[
                "-i",
                link,
                "-p",
                "tcp",
                "--tcp-flags",
                "SYN,RST",
                "SYN",
                "-j",
                "TCPMSS",
                "--clamp-mss-to-pmtu",
            ],
        ),
    ];
    for (table, chain, rule) in rules {
        let mut insert = iptables(table);
        insert.args(["-I", chain]).args(rule);
        process::output(insert.args(["-m", "comment", "--comment", comment]))?;
    }

    let inside = format!("{}/30", network.address(2));
    for command in [
        &["link", "set", "lo", "up"][..],
        &["link", "set", "eth0", "up"],
        &["address", "add", &inside, "dev", "eth0"],
        &["route", "add", "default", "via", &network.address(1)],
    ] {
        // With this machine's `ip`: the root inside need not have one.
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &pid, "--net", "ip"]).args(command);
        process::output(&mut enter)?;
    }
    Ok(())
}

/// Removes the veth pair and every rule with our comment.
pub fn leave(place: &Place) -> anyhow::Result<()> {
    let (link, comment) = (&*place.link(), &*place.comment());
    if process::succeeds(Command::new("ip").args(["link", "show", link]))? {
        // It goes with the sandbox; that it is already gone by now is no fault.
        let _ = process::succeeds(Command::new("ip").args(["link", "delete", link]))?;
    }
    for table in ["nat", "filter", "mangle"] {
        let rules = process::output(iptables(table).arg("-S"))?;
        for rule in rules.lines().filter(|rule| rule.contains(comment)) {
            if let Some(rest) = rule.strip_prefix("-A ") {
                process::output(iptables(table).arg("-D").args(rest.split_whitespace()))?;
            }
        }
    }
    Ok(())
}

/// One of the [`NETWORKS`].
#[derive(Clone, Copy)]
struct Network(u16);

impl Network {
    fn numbered(number: u16) -> Self {
        Self(number % NETWORKS)
    }

    fn address(self, host: u16) -> String {
        let [third, fourth] = ((self.0 << 2) | host).to_be_bytes();
        let second = 18 + (self.0 >> 14);
        format!("198.{second}.{third}.{fourth}")
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    process::output(Command::new("ip").args(arguments)).map(drop)
}

fn iptables(table: &str) -> Command {
    let mut command = Command::new("iptables");
    command.args(["--wait", "--table", table]);
    command
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn networks_are_within_the_block_for_tests() {
        assert_eq!(Network::numbered(0).address(1), "198.18.0.1");
        assert_eq!(Network::numbered(65).address(2), "198.18.1.6");
        assert_eq!(Network::numbered(1 << 14).address(1), "198.19.0.1");
        assert_eq!(Network::numbered(u16::MAX).address(2), "198.19.255.254");
    }
}
