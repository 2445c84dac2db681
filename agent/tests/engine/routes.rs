//! Routes of live versions.

use longshore_agent_api::RouteUpdate;
use longshore_domain::route::TlsMode;

use super::world::{World, next, route, web};

#[tokio::test]
async fn routes_change_while_the_version_stays() {
    let world = World::with_edge().await;
    let job = web("one");
    world.deploy(&job, "busybox:latest").await;
    let mut api = route("api.test", "/v1");
    api.strip_prefix = true;
    let update = RouteUpdate {
        live_number: 1,
        routes: vec![api],
    };
    world.edge.set_routes(job.service, &update).await.unwrap();
    assert_eq!(world.get("app.test", "/").await.0, 404);
    assert_eq!(
        world.get("api.test", "/v1").await,
        (200, "one\n".to_owned())
    );
    assert_eq!(world.get("api.test", "/v1/index.html").await.0, 200);
    assert_eq!(world.get("api.test", "/v10").await.0, 404);
    assert!(
        !world
            .edge
            .repair_routes(job.service, &update)
            .await
            .unwrap()
    );
    let other = RouteUpdate {
        live_number: 1,
        routes: vec![route("b.test", "/")],
    };
    assert!(world.edge.repair_routes(job.service, &other).await.unwrap());
    world.edge.remove_routes(job.service).await.unwrap();
    assert_eq!(world.get("b.test", "/").await.0, 404);
}

#[tokio::test]
async fn a_domain_with_tls_redirects_to_it() {
    let world = World::with_edge().await;
    let mut job = web("one");
    job.routes[0].tls = TlsMode::Custom;
    world.deploy(&job, "busybox:latest").await;
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("http://127.0.0.1:{}/a", world.config.proxy_http_port);
    let answer = http
        .get(url)
        .header("Host", "app.test")
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_redirection(), "{}", answer.status());
    let expected = format!("https://app.test:{}/a", world.config.proxy_https_port);
    assert_eq!(answer.headers()["location"], expected.as_str());
}

#[tokio::test]
async fn a_switch_is_taken_back_to_the_version_before() {
    let world = World::with_edge().await;
    let old = web("old");
    world.deploy(&old, "busybox:latest").await;
    let new = next(&old, "new");
    world.deploy(&new, "busybox:latest").await;
    assert_eq!(world.get("app.test", "/").await.1, "new\n");
    let previous = RouteUpdate {
        live_number: 1,
        routes: old.routes.clone(),
    };
    world
        .edge
        .withdraw(new.service, new.number, Some(previous))
        .await
        .unwrap();
    assert_eq!(world.get("app.test", "/").await.1, "old\n");
}

#[tokio::test]
async fn answers_carry_no_marker_for_strangers() {
    let world = World::with_edge().await;
    let job = web("one");
    world.deploy(&job, "busybox:latest").await;
    let url = format!("http://127.0.0.1:{}/", world.config.proxy_http_port);
    let answer = world
        .http
        .get(url)
        .header("Host", "app.test")
        .send()
        .await
        .unwrap();
    let names: Vec<_> = answer
        .headers()
        .keys()
        .map(|name| name.as_str().to_owned())
        .collect();
    assert!(
        !names.iter().any(|name| name.starts_with("longshore")),
        "{names:?}"
    );
}

fn moved(to: &str) -> RouteUpdate {
    RouteUpdate {
        live_number: 1,
        routes: vec![route(to, "/")],
    }
}

#[tokio::test]
async fn a_file_of_somebody_else_holds_no_change_up() {
    let world = World::with_edge().await;
    let job = web("one");
    world.deploy(&job, "busybox:latest").await;
    let directory = world.config.agent_dir().join("edge/dynamic");
    std::fs::write(directory.join("own.yml"), "http: [").unwrap();
    let changed = world.edge.set_routes(job.service, &moved("b.test")).await;
    changed.unwrap();
    assert_eq!(world.get("b.test", "/").await.0, 200);
    assert!(!directory.join("own.yml").exists());
    assert_eq!(world.edge.refusal(), None);
}

#[tokio::test]
async fn a_refused_file_raises_an_alarm_and_harms_no_other_service() {
    let world = World::with_edge().await;
    let (one, mut two) = (web("one"), web("two"));
    two.routes[0].host = "two.test".parse().unwrap();
    world.deploy(&one, "busybox:latest").await;
    world.deploy(&two, "busybox:latest").await;
    // Renamed to its place: an empty file, as while one is written, would be taken.
    let place = world.config.agent_dir().join("edge/dynamic");
    let file = place.join(format!("service-{}.yml", one.service));
    let partial = place.join("refused.partial");
    std::fs::write(&partial, "http: [").unwrap();
    std::fs::rename(partial, file).unwrap();

    let refused = world.edge.set_routes(two.service, &moved("b.test")).await;
    let problem = refused.unwrap_err();
    assert!(
        problem.message.contains("did not take the change"),
        "{problem}"
    );
    let alarm = world.edge.refusal().unwrap();
    assert!(alarm.contains(&two.service.to_string()), "{alarm}");
    for (host, text) in [("app.test", "one\n"), ("two.test", "two\n")] {
        assert_eq!(world.get(host, "/").await, (200, text.to_owned()));
    }

    let update = RouteUpdate {
        live_number: 1,
        routes: one.routes.clone(),
    };
    let repaired = world.edge.repair_routes(one.service, &update).await;
    assert!(repaired.unwrap());
    assert_eq!(world.edge.refusal(), None);
    let taken = world.edge.set_routes(two.service, &moved("b.test")).await;
    taken.unwrap();
    assert_eq!(world.get("b.test", "/").await.1, "two\n");
}
