//! Containers and builds, while everything runs.

use longshore_agent::swarm_ports;
use longshore_testkit::wait;
use tokio_util::sync::CancellationToken;

use super::attack::{From, Network, Scene};
use super::world::{SECOND, run};

/// Takes all rules of the edge network's bridge away.
async fn open_bridge(scene: &Scene) {
    let network = format!("{}-edge", scene.world.config.instance);
    let inspect = ["network", "inspect", "--format", "{{.Id}}", &network];
    let (_, id) = run("docker", &inspect).await;
    let name = format!("*-{}", &id[..10]);
    let (_, path) = run("find", &["/run/docker/netns", "-name", &name]).await;
    let net = format!("--net={path}");
    run("nsenter", &[&net, "ebtables", "-P", "FORWARD", "ACCEPT"]).await;
    run("nsenter", &[&net, "ebtables", "-F", "FORWARD"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_frame_of_a_container_or_a_build_reaches_a_network() {
    let scene = Scene::new().await;
    scene.assert_closed("at once").await;

    swarm_ports::open().await.unwrap();
    scene.assert_open(Network::Private).await;
    for from in [From::Container, From::Build] {
        let ways = scene.reached(from, Network::Edge).await;
        assert!(
            ways.is_empty(),
            "the bridge takes the proxy's name: {ways:?}"
        );
    }
    open_bridge(&scene).await;
    scene.assert_open(Network::Edge).await;

    scene.world.engine.prepare().await.unwrap();
    scene.world.edge.prepare().await.unwrap();
    scene.assert_closed("after the repair").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_another_firewall_flushed_are_put_in_again() {
    let scene = Scene::new().await;
    let cancel = CancellationToken::new();
    let supervisor = scene.world.edge.supervise(cancel.clone());
    let check = async {
        assert!(run("iptables", &["-t", "mangle", "-F"]).await.0);
        let ways = scene.reached(From::Container, Network::Private).await;
        assert!(!ways.is_empty(), "without rules it is open");
        wait::until("the rules", 30 * SECOND, || async {
            let ways = scene.reached(From::Container, Network::Private).await;
            ways.is_empty().then_some(())
        })
        .await;
        scene.assert_closed("after the flush").await;
        cancel.cancel();
    };
    tokio::join!(supervisor, check);
}
