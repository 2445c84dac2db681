//! The sandbox's way out: a veth pair, and NAT rules that carry a comment to be found again by.

use std::fs;

use anyhow::Context;

use super::Place;
use crate::process;

/// Candidates for the two addresses, from a block that RFC 2544 keeps for tests.
const CANDIDATES: [&str; 6] = [
    "198.18.77",
    "198.19.77",
    "10.213.77",
    "198.18.78",
    "198.19.78",
    "10.213.78",
];

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
    let routes = process::output(process::command("ip").args(["-4", "route", "show"]))?;
    let prefix = CANDIDATES
        .iter()
        .find(|prefix| !routes.contains(*prefix))
        .context("no free network for the test engine")?;
    let outside = format!("{prefix}.1");
    let pid = first_process.to_string();
    let (link, comment) = (&*place.link(), &*place.comment());
    let peer = ["type", "veth", "peer", "name", "eth0", "netns", &pid];
    ip(&[&["link", "add", link][..], &peer].concat())?;
    ip(&["address", "add", &format!("{outside}/30"), "dev", link])?;
    ip(&["link", "set", link, "up"])?;
    fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;

    let subnet = format!("{prefix}.0/30");
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
    // Its appearance is the signal that `init.sh` waits for.
    let partial = place.state().join("network.partial");
    fs::write(&partial, format!("{prefix}.2/30 {outside}\n"))?;
    fs::rename(partial, place.state().join("network"))?;
    Ok(())
}

/// Removes the veth pair and every rule with our comment.
pub fn leave(place: &Place) -> anyhow::Result<()> {
    let (link, comment) = (&*place.link(), &*place.comment());
    if process::succeeds(process::command("ip").args(["link", "show", link]))? {
        // It goes with the sandbox; that it is already gone by now is no fault.
        let _ = process::succeeds(process::command("ip").args(["link", "delete", link]))?;
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

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    process::output(process::command("ip").args(arguments)).map(drop)
}

fn iptables(table: &str) -> std::process::Command {
    let mut command = process::command("iptables");
    command.args(["--wait", "--table", table]);
    command
}
