//! The switch loses no request, and what fails does not touch what serves.

use longshore_agent::stage::StageError;
use longshore_domain::FailureKind;
use longshore_domain::health::HealthProbe;
use longshore_testkit::load::Load;

use super::world::{World, job, next, route, web};

/// The image's web server keeps connections, as real ones do.
fn kept_alive(
    mut job: longshore_agent_api::DeployJob,
    text: &str,
) -> longshore_agent_api::DeployJob {
    let script =
        format!("echo {text} > /usr/share/nginx/html/index.html && exec nginx -g 'daemon off;'");
    job.command = Some(vec!["sh".to_owned(), "-c".to_owned(), script]);
    job.port = Some(80.try_into().unwrap());
    job.routes = vec![route("app.test", "/")];
    job.routes[0].port = 80.try_into().unwrap();
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_while_versions_change() {
    let world = World::with_edge().await;
    let mut live = kept_alive(web("one"), "v1");
    world.deploy(&live, "nginx:alpine").await;
    let mut load = Load::requests(world.config.proxy_http_port, "app.test", 300);
    load.clients = 10;
    let load = load.start();
    for version in 2..=4 {
        let text = format!("v{version}");
        let new = kept_alive(next(&live, &text), &text);
        world.deploy(&new, "nginx:alpine").await;
        // Seen means seen: no request after the switch meets the old version.
        let (status, body) = world.get("app.test", "/").await;
        assert_eq!((status, body.trim()), (200, text.as_str()));
        load.everybody_begins_anew().await;
        world
            .engine
            .remove_version(live.service, live.number)
            .await
            .unwrap();
        live = new;
    }
    load.answers(300).await;
    let report = load.stop().await;
    assert_eq!(report.failures(), 0, "{report}");
    assert!(report.answered > 1000, "{report}");
}

#[tokio::test]
async fn a_version_that_is_not_healthy_leaves_the_old_one_serving() {
    let world = World::with_edge().await;
    let old = web("old");
    world.deploy(&old, "busybox:latest").await;
    let mut new = next(&old, "new");
    new.health.probe = HealthProbe::Http {
        path: "/missing".to_owned(),
    };
    let result = world.start(&new, "busybox:latest").await;
    assert!(
        matches!(
            result,
            Err(StageError::Failed {
                kind: FailureKind::HealthCheck,
                ..
            })
        ),
        "{result:?}"
    );
    world
        .edge
        .withdraw(new.service, new.number, None)
        .await
        .unwrap();
    world
        .engine
        .remove_version(new.service, new.number)
        .await
        .unwrap();
    assert_eq!(world.get("app.test", "/").await, (200, "old\n".to_owned()));
}

#[tokio::test]
async fn a_program_that_listens_on_loopback_alone_is_not_taken_for_ready() {
    let world = World::with_edge().await;
    let script = "mkdir /www && exec httpd -f -p 127.0.0.1:8080 -h /www";
    let mut job = job(&["sh", "-c", script], Some(8080));
    job.routes = vec![route("app.test", "/")];
    // A check of its own, which does not look at the network.
    job.health.probe = HealthProbe::Command {
        argv: vec!["true".to_owned()],
    };
    world.start(&job, "busybox:latest").await.unwrap();
    let result = world.edge.verify(&world.context, &job).await;
    assert!(
        matches!(
            result,
            Err(StageError::Failed {
                kind: FailureKind::PortNotListening,
                ..
            })
        ),
        "{result:?}"
    );
    assert_eq!(world.get("app.test", "/").await.0, 404);
}

#[tokio::test]
async fn a_program_that_ends_while_it_settles_fails() {
    let world = World::with_edge().await;
    let mut job = job(&["sh", "-c", "sleep 2; echo lost the queue; exit 1"], None);
    job.settle_seconds = 10;
    world.start(&job, "busybox:latest").await.unwrap();
    let result = world.edge.verify(&world.context, &job).await;
    assert!(
        matches!(
            result,
            Err(StageError::Failed {
                kind: FailureKind::CrashLoop,
                ..
            })
        ),
        "{result:?}"
    );
    assert!(world.said().contains("lost the queue"), "{}", world.said());
}
