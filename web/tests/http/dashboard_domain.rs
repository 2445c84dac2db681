//! The dashboard's own domain: who may have it, and what comes through the proxy.

use axum::body::Body;
use longshore_domain::Role;
use longshore_domain::route::PROXY_PROOF;
use serde_json::json;
use sqlx::PgPool;

use crate::things::Things;
use crate::world::{CSRF, PROOF, World, request};

const DOMAIN: &str = "/api/v1/dashboard/domain";

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn the_dashboard_gets_a_domain_that_nothing_else_has(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 1).await;
    world.call(&owner, "GET", DOMAIN, None).await.problem(404);

    for (body, status, field) in [
        (json!({ "host": "not a host" }), 422, "host"),
        (json!({ "host": "*.example.com" }), 422, "host"),
        (json!({ "host": "a.example.com", "tls": "ssl" }), 422, "tls"),
        (
            json!({ "host": "a.example.com", "tls": "custom" }),
            422,
            "tls",
        ),
        (json!({ "host": "app-1.example.com" }), 409, "host"),
    ] {
        let answer = world.call(&owner, "PUT", DOMAIN, Some(body)).await;
        let text = format!("{:?}", answer.problem(status));
        assert!(text.contains(field), "{text}");
    }

    let wish = json!({ "host": "Panel.Example.com" });
    let set = world.call(&owner, "PUT", DOMAIN, Some(wish)).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let shown = world.call(&owner, "GET", DOMAIN, None).await.json();
    assert_eq!(shown["host"], "panel.example.com");
    assert_eq!(shown["tls"], "acme");
    assert_eq!(shown["url"], "https://panel.example.com");

    // Nobody else gets the host, and a certificate comes for it.
    let path = format!("/api/v1/services/{}/domains", things.service);
    let taken = json!({ "host": "panel.example.com" });
    let refused = world.call(&owner, "POST", &path, Some(taken)).await;
    assert!(format!("{:?}", refused.problem(409)).contains("dashboard"));
    let desired = world.control.desired_certificates().await.unwrap();
    assert!(
        desired
            .iter()
            .any(|one| one.host.as_str() == "panel.example.com")
    );
    let state = world.control.desired_state().await.unwrap();
    assert!(state.dashboard.unwrap().is_secure);

    // What Git hosts are told is the same address.
    let path = format!("/api/v1/services/{}/webhook", things.service);
    let hook = world.call(&owner, "GET", &path, None).await.json();
    let url = hook["url"].as_str().unwrap();
    assert!(url.starts_with("https://panel.example.com/hooks/"), "{url}");

    assert_eq!(world.call(&owner, "DELETE", DOMAIN, None).await.status, 204);
    world
        .call(&owner, "DELETE", DOMAIN, None)
        .await
        .problem(404);
    let state = world.control.desired_state().await.unwrap();
    assert_eq!(state.dashboard, None);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_certificate_of_the_dashboard_cannot_be_removed(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 1).await;
    // The one of the samples is valid for this host.
    let wish = json!({
        "host": "example.com", "tls": "custom", "certificate": things.certificate,
    });
    let set = world.call(&owner, "PUT", DOMAIN, Some(wish)).await;
    assert_eq!(set.status, 200, "{}", set.text());
    let path = format!("/api/v1/certificates/{}", things.certificate);
    let refused = world.call(&owner, "DELETE", &path, None).await;
    assert!(format!("{:?}", refused.problem(409)).contains("example.com"));
    let listed = world
        .call(&owner, "GET", "/api/v1/certificates", None)
        .await;
    assert!(listed.text().contains("\"used_by\":[\"example.com\"]"));
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn cookies_are_secure_behind_the_machines_own_proxy_and_nobody_elses(pool: PgPool) {
    let world = World::with_teams(pool).await;
    world.owner().await;
    for (proof, secure) in [(PROOF, true), ("guessed", false)] {
        let ask = request("GET", "/login")
            .header("host", "panel.example.com")
            .header("x-forwarded-proto", "https")
            .header(PROXY_PROOF, proof);
        let answer = world.send(ask.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200);
        let cookie = answer.header("set-cookie");
        assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
    }
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn the_page_of_the_server_sets_and_shows_it(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let admin = world.person("admin", world.team, Role::Admin).await;
    let things = Things::new(&world, &owner, 1).await;
    let send = |person: &str, fields: String| {
        let builder = request("POST", "/settings/server/domain")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", person)
            .header("x-csrf-token", CSRF);
        world.send(builder.body(Body::from(fields)).unwrap())
    };
    let refused = send(
        &owner.cookie,
        "host=app-1.example.com&protection=acme".to_owned(),
    )
    .await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("domain of a service"));
    let fields = format!(
        "host=panel.example.com&protection=acme:{}",
        things.dns_provider
    );
    assert_eq!(send(&admin.cookie, fields.clone()).await.status, 404);
    assert_eq!(send(&owner.cookie, fields).await.status, 303);
    let page = request("GET", "/settings/server").header("cookie", &owner.cookie);
    let page = world.send(page.body(Body::empty()).unwrap()).await;
    let text = page.text();
    assert!(text.contains("href=\"https://panel.example.com\""));
    assert!(text.contains(&format!("value=\"acme:{}\" selected", things.dns_provider)));
}
