use super::*;

fn of(has_peers: bool) -> Vec<String> {
    let network = EdgeNetwork {
        id: "network".to_owned(),
        proxy: "10.254.255.254".parse().unwrap(),
    };
    let rules = rules(&network, has_peers);
    rules.iter().map(|rule| rule.join(" ")).collect()
}

#[test]
fn without_other_machines_no_frame_comes_in_by_vxlan() {
    assert_eq!(
        of(false)[..3],
        [
            "-P FORWARD DROP",
            "-F FORWARD",
            "-A FORWARD -i vxlan+ -j DROP",
        ]
    );
}

#[test]
fn other_machines_do_not_speak_for_the_proxy() {
    assert_eq!(
        of(true)[2..4],
        [
            "-A FORWARD -i vxlan+ -s 02:42:0a:fe:ff:fe -j DROP",
            "-A FORWARD -i vxlan+ -p IPv4 --ip-src 10.254.255.254 -j DROP",
        ]
    );
}
