//! The ports stay closed when the parts come and go.

use longshore_agent::edge::Edge;
use longshore_agent::engine::Engine;
use longshore_agent::swarm_ports;
use longshore_testkit::engine::daemon;

use super::attack::{Network, Scene};
use super::world::run;

#[tokio::test(flavor = "multi_thread")]
async fn restarts_of_the_proxy_the_agent_and_docker_open_nothing() {
    let scene = Scene::new().await;
    let world = &scene.world;
    run("docker", &["restart", "--time", "1", &world.proxy()]).await;
    scene.assert_closed("after the proxy").await;

    let engine = Engine::connect(&world.config).unwrap();
    engine.prepare().await.unwrap();
    let edge = Edge::new(engine, &world.config);
    edge.prepare().await.unwrap();
    scene.assert_closed("after the agent").await;

    // While no agent runs.
    tokio::task::spawn_blocking(|| daemon::kill().start_again())
        .await
        .unwrap();
    scene.assert_closed("after Docker").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guard_closes_the_ports_without_docker_and_without_an_agent() {
    let scene = Scene::new().await;
    let program = env!("CARGO_BIN_EXE_longshore-agent");
    for _ in 0..2 {
        let (removed, said) = run(program, &["guard", "--remove"]).await;
        assert!(removed, "{said}");
        let (_, left) = run("iptables", &["-t", "mangle", "-S"]).await;
        assert!(!left.contains("LONGSHORE"), "{left}");
    }
    scene.assert_open(Network::Private).await;
    for _ in 0..2 {
        let (closed, said) = run(program, &["guard"]).await;
        assert!(closed, "{said}");
    }
    scene.assert_closed("by the guard").await;
    let (misspelt, _) = run(program, &["guard", "--off"]).await;
    assert!(!misspelt);
    swarm_ports::open().await.unwrap();
    scene.world.engine.prepare().await.unwrap();
    scene.assert_closed("by the agent").await;
}
