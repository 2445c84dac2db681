//! Another machine of the cluster is let in, and nobody in its name.

use std::net::IpAddr;

use longshore_agent::swarm_ports::{self, Openings};

use super::attack::{Network, SEND, Scene, new_text};
use super::world::run;

const PEER: &str = "10.99.99.2";
const STRANGER: &str = "10.99.99.3";
const OWN: &str = "10.99.99.1";

/// A machine beside this one, gone when dropped.
struct Beside;

impl Beside {
    async fn new() -> Self {
        let beside = Self;
        for command in [
            "link add ls-peer type veth peer name ls-far",
            "netns add ls-peer",
            "link set ls-far netns ls-peer",
            "addr add 10.99.99.1/24 dev ls-peer",
            "link set ls-peer up",
            "-n ls-peer addr add 10.99.99.2/24 dev ls-far",
            "-n ls-peer addr add 10.99.99.3/24 dev ls-far",
            "-n ls-peer link set ls-far up",
        ] {
            let words: Vec<&str> = command.split(' ').collect();
            let (done, said) = run("ip", &words).await;
            assert!(done, "{command}: {said}");
        }
        beside
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        for command in [["link", "del", "ls-peer"], ["netns", "del", "ls-peer"]] {
            let _ = std::process::Command::new("ip").args(command).status();
        }
    }
}

async fn reaches(scene: &Scene, address: &str) -> bool {
    let [number, source, victim] = scene.aim(Network::Private).await;
    let text = new_text();
    // The machine beside has two addresses.
    let send = SEND.replace("(\"\", 4789)", &format!("(\"{address}\", 4789)"));
    let python = ["netns", "exec", "ls-peer", "python3", "-c", &send];
    let arguments = [number.as_str(), &source, &victim, &text, OWN];
    let (sent, said) = run("ip", &[&python[..], &arguments].concat()).await;
    assert!(sent, "{said}");
    !scene.ways(&text).await.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_of_the_cluster_is_let_in_and_its_neighbour_is_not() {
    let scene = Scene::new().await;
    let _beside = Beside::new().await;
    assert!(!reaches(&scene, PEER).await, "it does not belong here yet");
    let openings = Openings {
        peers: [PEER.parse::<IpAddr>().unwrap()].into(),
        is_blind: false,
        ..Openings::none()
    };
    swarm_ports::close(&openings).await.unwrap();
    assert!(reaches(&scene, PEER).await, "a machine of the cluster");
    assert!(!reaches(&scene, STRANGER).await, "its neighbour");
    scene.assert_closed("with another machine").await;
    scene.world.engine.prepare().await.unwrap();
}
