//! Health, metrics, and what every answer carries.

use axum::body::Body;
use sqlx::PgPool;

use crate::things::Things;
use crate::world::{Answer, World, from_peer, request};

async fn get(world: &World, path: &str, peer: &str, headers: &[(&str, &str)]) -> Answer {
    let mut builder = from_peer(request("GET", path), peer);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    world.send(builder.body(Body::empty()).unwrap()).await
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn readiness_says_what_is_missing(pool: PgPool) {
    let world = World::new(pool);
    assert_eq!(get(&world, "/healthz", "192.0.2.1", &[]).await.status, 200);
    let ready = get(&world, "/readyz", "192.0.2.1", &[]).await;
    assert_eq!(
        (ready.status.as_u16(), ready.json()["ready"].as_bool()),
        (200, Some(true))
    );
    *world.agent.trouble.lock().unwrap() = Some("The agent does not answer.".to_owned());
    let not = get(&world, "/readyz", "192.0.2.1", &[]).await;
    assert_eq!(not.status, 503);
    assert_eq!(not.json()["missing"][0], "The agent does not answer.");
    world.pool.close().await;
    let not = get(&world, "/readyz", "192.0.2.1", &[]).await;
    assert_eq!(not.json()["missing"].as_array().unwrap().len(), 2);
    assert_eq!(get(&world, "/healthz", "192.0.2.1", &[]).await.status, 200);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn metrics_are_for_the_machine_itself(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    Things::new(&world, &owner, 0).await;
    get(&world, "/healthz", "127.0.0.1", &[]).await;
    let shown = get(&world, "/metrics", "127.0.0.1", &[]).await;
    assert_eq!(shown.status, 200);
    assert!(
        shown
            .text()
            .contains("longshore_http_requests_total{method=\"GET\",status=\"200\"} 1")
    );
    for line in [
        "longshore_deployments{status=\"queued\"} 1",
        "longshore_deployments{status=\"live\"} 1",
        "longshore_deployments{status=\"failed\"} 0",
    ] {
        assert!(shown.text().contains(line), "{line}: {}", shown.text());
    }
    for (peer, headers) in [
        ("192.0.2.1", &[][..]),
        ("127.0.0.1", &[("x-forwarded-for", "127.0.0.1")]),
        ("10.0.0.1", &[("x-forwarded-for", "127.0.0.1")]),
        (
            "10.0.0.1",
            &[
                ("cf-connecting-ip", "127.0.0.1"),
                ("x-forwarded-for", "192.0.2.1"),
            ],
        ),
    ] {
        let answer = get(&world, "/metrics", peer, headers).await;
        assert_eq!(answer.status, 404, "{peer} {headers:?}");
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn every_answer_carries_the_headers_that_protect_it(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    for path in [
        "/login",
        "/settings",
        "/nothing",
        "/api/v1/projects",
        "/api/nothing",
        "/healthz",
    ] {
        let answer = get(&world, path, "192.0.2.1", &[("cookie", &owner.cookie)]).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.header("referrer-policy").is_empty(), "{path}");
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        let caching = answer.header("cache-control");
        assert!(
            caching.contains("no-store") || caching.contains("private"),
            "{path}: {caching}"
        );
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
    }

    let answer = get(&world, "/healthz", "192.0.2.1", &[]).await;
    let other = get(&world, "/healthz", "192.0.2.1", &[("x-request-id", "mine")]).await;
    assert_ne!(other.header("x-request-id"), "mine");
    assert_ne!(other.header("x-request-id"), answer.header("x-request-id"));
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn pages_are_compressed_for_whom_asks(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let headers = [("cookie", owner.cookie.as_str()), ("accept-encoding", "br")];
    let answer = get(&world, "/settings", "192.0.2.1", &headers).await;
    assert_eq!(answer.header("content-encoding"), "br");
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_database_that_is_away_is_told_without_its_words(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    world.pool.close().await;
    let answer = world.call(&owner, "GET", "/api/v1/projects", None).await;
    let (sentence, _) = answer.problem(503);
    assert!(!sentence.contains("pool"), "{sentence}");
    let page = world.visit(&owner.cookie, "/").await;
    assert_eq!(page.status, 503);
    assert_eq!(page.header("set-cookie"), "", "nobody is signed out by it");
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{}",
        page.text()
    );
    assert!(!page.text().contains("pool"));
}
