//! On the edge network nobody reaches anybody but the proxy's tenants' answers.

use longshore_testkit::wait;
use tokio_util::sync::CancellationToken;

use super::world::{SECOND, World, container, run, web};

/// Whether one container gets an answer from an address.
async fn reaches(container: &str, address: &str, port: u16) -> bool {
    let script = format!(
        "printf 'GET /ping HTTP/1.0\\r\\n\\r\\n' | nc -w 2 {address} {port} | grep -q HTTP"
    );
    run("docker", &["exec", container, "sh", "-c", &script])
        .await
        .0
}

/// A container's address on a network.
async fn address(world: &World, container: &str) -> String {
    let format = format!(
        "{{{{(index .NetworkSettings.Networks \"{}-edge\").IPAddress}}}}",
        world.config.instance
    );
    run("docker", &["inspect", "--format", &format, container])
        .await
        .1
}

async fn assert_isolated(world: &World, from: &str, to: &str) {
    let proxy = address(world, &world.proxy()).await;
    assert!(proxy.ends_with(".255.254"), "{proxy}");
    assert!(!reaches(from, to, 8080).await, "a service reaches another");
    for port in [80, 443, 8081, 8082] {
        assert!(
            !reaches(from, &proxy, port).await,
            "a service reaches the proxy's port {port}"
        );
    }
    let gateway = run(
        "docker",
        &[
            "exec",
            from,
            "sh",
            "-c",
            "ip route | grep default | cut -d' ' -f3",
        ],
    )
    .await
    .1;
    let (_, published) = run("docker", &["port", &world.proxy()]).await;
    for line in published.lines().filter(|line| line.contains("127.0.0.1")) {
        let port: u16 = line.rsplit(':').next().unwrap().parse().unwrap();
        assert!(
            !reaches(from, &gateway, port).await,
            "a service reaches {line}"
        );
    }
}

#[tokio::test]
async fn services_are_kept_apart_also_after_the_proxy_was_restarted() {
    let world = World::with_edge().await;
    let (one, mut two) = (web("one"), web("two"));
    two.routes[0].host = "two.test".parse().unwrap();
    world.deploy(&one, "busybox:latest").await;
    world.deploy(&two, "busybox:latest").await;
    let (from, to) = (container(&world, &one).await, container(&world, &two).await);
    let to = address(&world, &to).await;
    assert!(
        reaches(&from, "127.0.0.1", 8080).await,
        "the test itself works"
    );
    assert_isolated(&world, &from, &to).await;
    assert_eq!(world.get("two.test", "/").await.1, "two\n");

    run("docker", &["restart", "--time", "1", &world.proxy()]).await;
    world.edge.prepare().await.unwrap();
    assert_isolated(&world, &from, &to).await;
    wait::until("the route", 10 * SECOND, || async {
        (world.get("two.test", "/").await.1 == "two\n").then_some(())
    })
    .await;
}

#[tokio::test]
async fn rules_that_were_lost_are_put_in_again() {
    let world = World::with_edge().await;
    let (one, mut two) = (web("one"), web("two"));
    two.routes[0].host = "two.test".parse().unwrap();
    world.deploy(&one, "busybox:latest").await;
    world.deploy(&two, "busybox:latest").await;
    let (from, to) = (container(&world, &one).await, container(&world, &two).await);
    let to = address(&world, &to).await;
    let network = format!("{}-edge", world.config.instance);
    let (_, id) = run(
        "docker",
        &["network", "inspect", "--format", "{{.Id}}", &network],
    )
    .await;
    let (_, path) = run(
        "find",
        &["/run/docker/netns", "-name", &format!("*-{}", &id[..10])],
    )
    .await;
    let net = format!("--net={path}");
    run("nsenter", &[&net, "ebtables", "-P", "FORWARD", "ACCEPT"]).await;
    run("nsenter", &[&net, "ebtables", "-F", "FORWARD"]).await;
    assert!(reaches(&from, &to, 8080).await, "without rules it is open");
    let cancel = CancellationToken::new();
    let supervisor = world.edge.supervise(cancel.clone());
    let check = async {
        wait::until("the rules", 20 * SECOND, || async {
            (!reaches(&from, &to, 8080).await).then_some(())
        })
        .await;
        cancel.cancel();
    };
    tokio::join!(supervisor, check);
}
