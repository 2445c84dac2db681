use std::collections::BTreeSet;

use super::*;

fn alone() -> Openings {
    Openings {
        is_blind: false,
        bridges: ["docker0".to_owned()].into(),
        ..Openings::none()
    }
}

fn with_peers() -> Openings {
    Openings {
        peers: BTreeSet::from(["10.0.0.2".parse().unwrap(), "fd00::2".parse().unwrap()]),
        ..alone()
    }
}

/// The rules of a chain, in their order.
fn of<'a>(text: &'a str, chain: &str) -> Vec<&'a str> {
    let begin = format!("-A {chain} ");
    text.lines()
        .filter_map(|line| line.strip_prefix(&begin))
        .collect()
}

#[test]
fn a_machine_alone_hears_only_itself_and_takes_no_frames_at_all() {
    let text = closing("", &alone(), Family::V4);
    assert_eq!(
        of(&text, IN),
        [
            "-i docker0 -j DROP",
            "-p udp -m udp --dport 4789 -j DROP",
            "-i lo -j RETURN",
            "-j DROP",
        ]
    );
    assert!(of(&text, THROUGH).is_empty());
    for port in [
        "udp --dport 4789",
        "udp --dport 7946",
        "tcp --dport 7946",
        "tcp --dport 2377",
    ] {
        for (hook, chain) in HOOKS {
            let hooked = text
                .lines()
                .filter(|line| line.starts_with(&format!("-I {hook} 1 ")) && line.contains(port))
                .filter(|line| line.ends_with(&format!("-j {chain}")));
            assert_eq!(hooked.count(), 1, "{port} of {hook}");
        }
    }
}

#[test]
fn other_machines_are_heard_by_their_family_but_never_from_a_bridge_of_containers() {
    let v4 = closing("", &with_peers(), Family::V4);
    assert_eq!(
        of(&v4, IN)[..2],
        ["-i docker0 -j DROP", "-s 10.0.0.2 -j RETURN"]
    );
    assert!(!v4.contains("fd00::2"));
    let v6 = closing("", &with_peers(), Family::V6);
    assert_eq!(
        of(&v6, IN)[..2],
        ["-i docker0 -j DROP", "-s fd00::2 -j RETURN"]
    );
    assert!(!v6.contains("10.0.0.2"));
}

#[test]
fn containers_do_not_reach_other_machines_in_the_name_of_this_one() {
    let text = closing("", &with_peers(), Family::V4);
    assert_eq!(of(&text, THROUGH), ["-d 10.0.0.2 -i docker0 -j DROP"]);
    let text = closing("", &Openings::none(), Family::V4);
    assert!(of(&text, THROUGH).contains(&"-i docker_gwbridge -j DROP"));
}

#[test]
fn another_port_of_vxlan_is_closed_as_well_as_the_usual_one() {
    let openings = Openings {
        data_path_port: 5000,
        ..alone()
    };
    let text = closing("", &openings, Family::V4);
    for port in [4789, 5000] {
        assert!(text.contains(&format!("-I INPUT 1 -p udp -m udp --dport {port} -j {IN}")));
        assert!(of(&text, IN).contains(&format!("-p udp -m udp --dport {port} -j DROP").as_str()));
    }
}

const LISTING: &str = "-P INPUT ACCEPT\n-N LONGSHORE-SWARM\n-N LONGSHORE-SWARM-FWD\n\
    -A INPUT -p tcp -m tcp --dport 2377 -j LONGSHORE-SWARM\n\
    -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n\
    -A FORWARD -p tcp -m tcp --dport 2377 -j LONGSHORE-SWARM-FWD\n\
    -A LONGSHORE-SWARM -j DROP\n";

#[test]
fn a_change_replaces_the_jumps_that_there_are_and_no_rule_of_others() {
    let text = closing(LISTING, &alone(), Family::V4);
    let removed: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("-D "))
        .collect();
    assert_eq!(
        removed,
        [
            "-D INPUT -p tcp -m tcp --dport 2377 -j LONGSHORE-SWARM",
            "-D FORWARD -p tcp -m tcp --dport 2377 -j LONGSHORE-SWARM-FWD",
        ]
    );
}

#[test]
fn a_rule_before_the_own_ones_is_a_change_and_one_behind_them_is_none() {
    let behind = format!("{LISTING}-A INPUT -s 192.0.2.1/32 -j ACCEPT\n");
    assert_eq!(own(LISTING), own(&behind));
    let before = LISTING.replace(
        "-A INPUT -p tcp -m tcp --dport 2377",
        "-A INPUT -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 2377",
    );
    assert_ne!(own(LISTING), own(&before));
    let flushed = LISTING.replace("-A LONGSHORE-SWARM -j DROP\n", "");
    assert_ne!(own(LISTING), own(&flushed));
}

#[test]
fn where_there_are_no_rules_none_are_taken_away() {
    assert_eq!(opening("-P INPUT ACCEPT\n"), None);
    let text = opening(LISTING).unwrap();
    assert!(text.contains("-D INPUT") && text.ends_with("-X LONGSHORE-SWARM-FWD\nCOMMIT\n"));
}

#[test]
fn a_listing_is_whole_only_with_every_rule_and_the_jumps_in_front() {
    let openings = alone();
    let text = closing("", &openings, Family::V4);
    let rules = text.lines().filter(|line| line.starts_with('-'));
    let whole: String = rules
        .map(|rule| {
            rule.replace("-I INPUT 1", "-A INPUT")
                .replace("-I FORWARD 1", "-A FORWARD")
                + "\n"
        })
        .collect();
    assert!(are_whole(&whole, &openings, Family::V4), "{whole}");
    for (number, rule) in whole.lines().enumerate() {
        let mut less: Vec<&str> = whole.lines().collect();
        less.remove(number);
        assert!(
            !are_whole(&less.join("\n"), &openings, Family::V4),
            "without {rule}"
        );
    }
    let behind = format!("-A INPUT -j ACCEPT\n{whole}");
    assert!(!are_whole(&behind, &openings, Family::V4));
}
