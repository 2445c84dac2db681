//! Trying health checks, over the API and in the page.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::things::Things;
use crate::world::World;

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_check_that_is_not_saved_is_tried_on_the_live_version(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = format!("/api/v1/services/{}/health/test", things.service);

    let health =
        |path: &str| json!({ "probe": { "http": { "path": path } }, "host": "a.example.com" });
    let body = json!({ "health": health("/broken"), "port": 9000 });
    let answer = world.call(&owner, "POST", &path, Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.json(),
        json!({ "passed": false, "status": 503, "took_ms": 12,
            "message": "GET /broken was answered with status 503." })
    );
    let trial = world.agent.trials.lock().unwrap().pop().unwrap();
    assert_eq!((trial.live_number, trial.port.unwrap().get()), (2, 9000));
    assert_eq!(trial.health.host.as_deref(), Some("a.example.com"));

    let answer = world.call(&owner, "POST", &path, None).await;
    assert_eq!(answer.json()["passed"], true, "the saved check");

    for (body, field) in [
        (json!({ "health": health("no slash") }), "run.path"),
        (
            json!({ "health": { "expected_status": 700 } }),
            "run.expected_status",
        ),
        (json!({ "health": { "host": "a b" } }), "run.health.host"),
        (
            json!({ "health": { "timeout_seconds": 0 } }),
            "run.timeout_seconds",
        ),
        (json!({ "port": 70_000 }), "port"),
    ] {
        let answer = world.call(&owner, "POST", &path, Some(body)).await;
        assert_eq!(answer.problem(422).1, [field]);
    }
    let service = format!("/api/v1/services/{}", things.service);
    let service = world.call(&owner, "GET", &service, None).await.json();
    assert_eq!(
        service["run"]["health"]["host"],
        Value::Null,
        "nothing is saved"
    );
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn nothing_is_tried_where_nothing_is_live(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = format!("/api/v1/services/{}/health/test", things.service);
    world
        .control
        .set_stopped(&owner.actor, things.service, true)
        .await
        .unwrap();
    let answer = world.call(&owner, "POST", &path, None).await;
    assert!(answer.problem(409).0.contains("stopped"));
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn the_page_shows_status_and_time_and_marks_what_does_not_fit(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = format!("/services/{}/health/test", things.service);
    let times = "interval_seconds=2&timeout_seconds=3&start_period_seconds=60&retries=3";
    let form = |path: &str| format!("port=8080&probe=http&path={path}&{times}");

    let good = world.submit(&owner.cookie, &path, &form("/up")).await;
    assert_eq!(good.status, 200);
    assert!(good.text().contains("Passed, status 200, after 12 ms"));
    assert!(
        good.text().contains("value=\"/up\""),
        "what was typed stays"
    );
    let bad = world.submit(&owner.cookie, &path, &form("/broken")).await;
    assert!(bad.text().contains("Failed, status 503"));
    for (field, value) in [
        ("expected_status", "abc"),
        ("expected_status", "42"),
        ("health_host", "a b"),
    ] {
        let form = format!("{}&{field}={value}", form("/up"));
        let answer = world.submit(&owner.cookie, &path, &form).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.text().contains(&format!("{field}-error")),
            "{field}={value}"
        );
    }

    let run = format!("/services/{}/run", things.service);
    let rest = "name=app-0&replicas=1&drain_seconds=10&stop_grace_seconds=10&settle_seconds=5\
                &watch_seconds=60&release_timeout_seconds=600";
    let all = format!(
        "{}&{rest}&expected_status=204&health_host=a.example.com",
        form("/up")
    );
    let saved = world.submit(&owner.cookie, &run, &all).await;
    assert_eq!(saved.status, 303, "{}", saved.text());
    let shown = world.visit(&owner.cookie, &run).await.text();
    assert!(shown.contains("value=\"204\"") && shown.contains("value=\"a.example.com\""));
}
