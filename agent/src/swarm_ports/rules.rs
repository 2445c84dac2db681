//! The rules as text.

use std::fmt::Write as _;

use super::Openings;
use super::iptables::Family;

pub(super) const TABLE: &str = "mangle";
/// Docker's own choice.
pub(super) const VXLAN: u16 = 4789;
const GOSSIP: u16 = 7946;
const MANAGERS: u16 = 2377;
/// What is delivered to this machine.
const IN: &str = "LONGSHORE-SWARM";
/// What containers send to the other machines: it would arrive there as this one's.
const THROUGH: &str = "LONGSHORE-SWARM-FWD";
const HOOKS: [(&str, &str); 2] = [("INPUT", IN), ("FORWARD", THROUGH)];

/// What `iptables-restore` is told to close the ports, whatever there is.
pub(super) fn closing(listing: &str, openings: &Openings, family: Family) -> String {
    let mut text = begin();
    for rule in inward(openings, family) {
        line(&mut text, &format!("-A {IN} {rule}"));
    }
    for rule in through(openings, family) {
        line(&mut text, &format!("-A {THROUGH} {rule}"));
    }
    text.push_str(&unhooked(listing));
    for (hook, chain) in HOOKS {
        for (protocol, port) in ports(openings) {
            line(
                &mut text,
                &format!("-I {hook} 1 -p {protocol} -m {protocol} --dport {port} -j {chain}"),
            );
        }
    }
    text.push_str("COMMIT\n");
    text
}

/// What it is told to take the rules away; none when there are none.
pub(super) fn opening(listing: &str) -> Option<String> {
    let is_there = |chain: &str| listing.lines().any(|line| line == format!("-N {chain}"));
    if !is_there(IN) && !is_there(THROUGH) {
        return None;
    }
    let mut text = begin();
    text.push_str(&unhooked(listing));
    for chain in [IN, THROUGH] {
        line(&mut text, &format!("-X {chain}"));
    }
    text.push_str("COMMIT\n");
    Some(text)
}

/// Whether a listing has every rule, and the jumps before everything else. The kernel may
/// word them differently, so they are counted.
pub(super) fn are_whole(listing: &str, openings: &Openings, family: Family) -> bool {
    let of = |chain: &str| {
        let begin = format!("-A {chain} ");
        listing.lines().filter(move |line| line.starts_with(&begin))
    };
    let jumps = ports(openings).len();
    let are_hooked = HOOKS.iter().all(|(hook, chain)| {
        of(hook)
            .take(jumps)
            .filter(|rule| self::jumps(rule, chain))
            .count()
            == jumps
    });
    are_hooked
        && of(IN).count() == inward(openings, family).len()
        && of(THROUGH).count() == through(openings, family).len()
}

/// Of a listing, what has to stay as it is: the own chains, and what comes before and among
/// the jumps to them.
pub(super) fn own(listing: &str) -> String {
    let mut own = String::new();
    for (hook, chain) in HOOKS {
        let hooked = format!("-A {hook} ");
        let before: Vec<&str> = listing
            .lines()
            .filter(|line| line.starts_with(&hooked))
            .collect();
        let end = before.iter().rposition(|line| jumps(line, chain));
        for rule in before.iter().take(end.map_or(0, |end| end + 1)) {
            line(&mut own, rule);
        }
        let of_chain = [format!("-N {chain}"), format!("-A {chain} ")];
        for rule in listing.lines() {
            if rule == of_chain[0] || rule.starts_with(&of_chain[1]) {
                line(&mut own, rule);
            }
        }
    }
    own
}

/// The chains, made or emptied.
fn begin() -> String {
    format!("*{TABLE}\n:{IN} - [0:0]\n:{THROUGH} - [0:0]\n")
}

/// Removes every jump to the chains.
fn unhooked(listing: &str) -> String {
    let mut text = String::new();
    for rule in listing.lines() {
        if HOOKS.iter().any(|(_, chain)| jumps(rule, chain))
            && let Some(rest) = rule.strip_prefix("-A ")
        {
            line(&mut text, &format!("-D {rest}"));
        }
    }
    text
}

fn jumps(rule: &str, chain: &str) -> bool {
    rule.strip_suffix(chain)
        .is_some_and(|rest| rest.ends_with(" -j "))
}

fn ports(openings: &Openings) -> Vec<(&'static str, u16)> {
    let mut ports = vec![
        ("udp", VXLAN),
        ("udp", GOSSIP),
        ("tcp", GOSSIP),
        ("tcp", MANAGERS),
    ];
    if openings.data_path_port != VXLAN {
        ports.push(("udp", openings.data_path_port));
    }
    ports
}

fn inward(openings: &Openings, family: Family) -> Vec<String> {
    let mut rules = Vec::new();
    // First: a build could write another machine's address on what it sends.
    for bridge in &openings.bridges {
        rules.push(format!("-i {bridge} -j DROP"));
    }
    for peer in peers(openings, family) {
        rules.push(format!("-s {peer} -j RETURN"));
    }
    // A machine has no frames for itself; the rest Docker says to itself too.
    for (protocol, port) in ports(openings) {
        if protocol == "udp" && port != GOSSIP {
            rules.push(format!("-p udp -m udp --dport {port} -j DROP"));
        }
    }
    rules.push("-i lo -j RETURN".to_owned());
    rules.push("-j DROP".to_owned());
    rules
}

fn through(openings: &Openings, family: Family) -> Vec<String> {
    let mut rules = Vec::new();
    for bridge in &openings.bridges {
        if openings.is_blind {
            rules.push(format!("-i {bridge} -j DROP"));
        }
        for peer in peers(openings, family) {
            rules.push(format!("-d {peer} -i {bridge} -j DROP"));
        }
    }
    rules
}

fn peers(openings: &Openings, family: Family) -> impl Iterator<Item = String> {
    openings
        .peers
        .iter()
        .filter(move |peer| peer.is_ipv4() == (family == Family::V4))
        .map(ToString::to_string)
}

fn line(text: &mut String, line: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

#[cfg(test)]
mod tests;
