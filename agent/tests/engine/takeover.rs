//! Versions take over while clients use them: at once, step by step, with slow requests and
//! WebSockets; containers share the load; routes change beside it.

use std::collections::BTreeSet;
use std::sync::Arc;

use longshore_agent::machine::Machine;
use longshore_agent::machine::docker::DockerMachine;
use longshore_agent::tasks::Tasks;
use longshore_agent_api::{DeployJob, RouteUpdate, RunningUpdate};
use longshore_domain::Strategy;
use longshore_testkit::apps::ECHO;
use longshore_testkit::load::Load;
use longshore_testkit::wait;

use super::world::{SECOND, World, job, next, route, run};

const IMAGE: &str = "python:3.11";

fn echo(version: &str) -> DeployJob {
    let mut job = job(&["python3", "-c", ECHO], Some(8080));
    job.variables = [("VERSION".parse().unwrap(), version.into())].into();
    job.routes = vec![route("app.test", "/")];
    job
}

fn after(old: &DeployJob, version: &str) -> DeployJob {
    DeployJob {
        number: old.number + 1,
        service: old.service,
        environment: old.environment,
        replicas: old.replicas,
        strategy: old.strategy,
        sticky_sessions: old.sticky_sessions,
        drain_seconds: old.drain_seconds,
        ..echo(version)
    }
}

fn load(world: &World) -> Load {
    Load::requests(world.config.proxy_http_port, "app.test", 100)
}

/// How many containers of a service run.
async fn containers(world: &World, job: &DeployJob) -> usize {
    let label = format!("label={}.service={}", world.config.instance, job.service);
    let (_, ids) = run("docker", &["ps", "--quiet", "--filter", &label]).await;
    ids.lines().count()
}

async fn machine(world: &World) -> Arc<DockerMachine> {
    let machine = DockerMachine::connect(&world.config, &Tasks::new()).unwrap();
    machine.prepare_in_background();
    wait::until("Docker", 20 * SECOND, || async {
        machine.state().await.proxy_ready.then_some(())
    })
    .await;
    machine
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_version_takes_over_in_steps_and_no_request_is_lost() {
    let world = World::with_edge().await;
    let machine = machine(&world).await;
    let mut old = echo("one");
    old.strategy = Strategy::Rolling;
    old.replicas = 4;
    old.drain_seconds = 3;
    world.start(&old, IMAGE).await.unwrap();
    world.edge.verify(&world.context, &old).await.unwrap();
    machine.switch(&world.context, &old, None).await.unwrap();
    assert_eq!(containers(&world, &old).await, 4);

    let mut load = load(&world);
    load.slow_clients = 2;
    load.websockets = 3;
    load.websocket_session = 2 * SECOND;
    let load = load.start();
    let new = after(&old, "two");
    world.start(&new, IMAGE).await.unwrap();
    world.edge.verify(&world.context, &new).await.unwrap();
    let switch = machine.switch(&world.context, &new, Some(1));
    let mut switch = std::pin::pin!(switch);
    let mut looks = tokio::time::interval(SECOND / 4);
    let mut most = 0;
    loop {
        tokio::select! {
            done = &mut switch => {
                done.unwrap();
                break;
            }
            _ = looks.tick() => {
                most = most.max(containers(&world, &new).await);
            }
        }
    }
    assert!((5..=6).contains(&most), "{most} containers ran at once");
    assert_eq!(world.get("app.test", "/").await.1, "two\n");
    load.everybody_begins_anew().await;
    world.engine.remove_version(old.service, 1).await.unwrap();
    world.engine.until_gone(old.service, 1).await.unwrap();
    let report = load.stop().await;
    eprintln!("{report}");
    assert_eq!(report.failures(), 0, "{report}");
    assert_eq!(containers(&world, &new).await, 4);
    let update = RouteUpdate {
        live_number: 2,
        routes: new.routes.clone(),
    };
    let repaired = world.edge.repair_routes(new.service, &update).await;
    assert!(!repaired.unwrap(), "the last step leaves what shall be");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_requests_and_websockets_end_on_the_old_version_while_it_drains() {
    let world = World::with_edge().await;
    let old = echo("one");
    world.deploy(&old, IMAGE).await;
    let mut load = load(&world);
    load.slow_clients = 4;
    load.websockets = 4;
    load.websocket_session = 3 * SECOND;
    let load = load.start();
    let new = after(&old, "two");
    load.answers(50).await;
    world.deploy(&new, IMAGE).await;
    load.everybody_begins_anew().await;
    world.engine.remove_version(old.service, 1).await.unwrap();
    load.everybody_begins_anew().await;
    let report = load.stop().await;
    eprintln!("{report}");
    assert_eq!(report.failures(), 0, "{report}");
    assert!(report.slow > 8 && report.messages > 50, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_share_the_load_evenly() {
    let world = World::with_edge().await;
    let mut job = echo("one");
    job.replicas = 3;
    world.deploy(&job, IMAGE).await;
    let mut load = load(&world);
    load.path = "/name".to_owned();
    load.rate = 200;
    let load = load.start();
    load.answers(400).await;
    let report = load.stop().await;
    assert_eq!(report.failures(), 0, "{report}");
    assert_eq!(report.texts.len(), 3, "{:?}", report.texts);
    let share = report.answered / 3;
    for count in report.texts.values() {
        assert!(
            (share / 2..=share * 3 / 2).contains(count),
            "{:?}",
            report.texts
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_with_a_cookie_stays_with_one_container() {
    let world = World::with_edge().await;
    let mut job = echo("one");
    job.replicas = 3;
    job.sticky_sessions = true;
    world.deploy(&job, IMAGE).await;
    let url = format!("http://127.0.0.1:{}/name", world.config.proxy_http_port);
    let mut names = BTreeSet::new();
    // The proxy begins anew with the first container when its configuration changes.
    for _ in 0..9 {
        let ask = || world.http.get(&url).header("Host", "app.test");
        let answer = ask().send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert!(cookie.contains("HttpOnly"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let name = answer.text().await.unwrap();
        for _ in 0..10 {
            let again = ask().header("Cookie", &cookie).send().await.unwrap();
            assert_eq!(again.text().await.unwrap(), name);
        }
        names.insert(name);
    }
    assert_eq!(names.len(), 3, "new visitors meet all containers");
    let update = RunningUpdate {
        live_number: 1,
        replicas: 0,
        restart: false,
    };
    world
        .engine
        .set_running(job.service, &update)
        .await
        .unwrap();
    wait::until("the end", 20 * SECOND, || async {
        (containers(&world, &job).await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_routes_drop_nobodys_requests() {
    let world = World::with_edge().await;
    let one = echo("one");
    world.deploy(&one, IMAGE).await;
    let mut two = next(&one, "two");
    two.service = longshore_domain::ServiceId::generate();
    two.routes = vec![route("two.test", "/")];
    world.deploy(&two, "busybox:latest").await;
    let load = load(&world).start();
    for change in 0..30 {
        let routes = match change % 3 {
            0 => vec![route("two.test", "/"), route("more.test", "/api")],
            1 => vec![route("two.test", "/other")],
            _ => Vec::new(),
        };
        let update = RouteUpdate {
            live_number: two.number,
            routes,
        };
        world.edge.set_routes(two.service, &update).await.unwrap();
        if change % 3 == 0 {
            let mut routes = one.routes.clone();
            routes.push(route("extra.test", "/"));
            routes.truncate(1 + change % 2);
            let update = RouteUpdate {
                live_number: one.number,
                routes,
            };
            world.edge.set_routes(one.service, &update).await.unwrap();
        }
    }
    load.everybody_begins_anew().await;
    let report = load.stop().await;
    eprintln!("{report}");
    assert_eq!(report.failures(), 0, "{report}");
    assert!(report.answered > 300, "{report}");
}
