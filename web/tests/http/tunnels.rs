//! Cloudflare Tunnels over HTTP.

use longshore_domain::tunnel;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::things::Things;
use crate::world::World;

/// A token as Cloudflare makes them, of a tunnel that does not exist.
pub const TUNNEL_TOKEN: &str = "eyJhIjoiMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYiLCJ0IjoiNmYyZjRjMWUtM2MwYi00YzBmLTlhNTgtMGQ2ZjZhMmY1ZjExIiwicyI6IkJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2M9In0=";

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_tunnel_is_made_from_a_pasted_command_and_deployed(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = format!("/api/v1/environments/{}/tunnels", things.environment);
    let pasted = format!("sudo cloudflared service install {TUNNEL_TOKEN}");
    let body = json!({ "name": "door", "token": pasted });
    let made = world.call(&owner, "POST", &path, Some(body.clone())).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(!made.text().contains(TUNNEL_TOKEN));
    let made = made.json();
    assert_eq!(made["source"]["image"]["reference"], tunnel::IMAGE);
    assert_eq!(made["port"], Value::Null);
    let arguments = json!(["tunnel", "--no-autoupdate", "run"]);
    assert_eq!(made["run"]["arguments"], arguments);

    let id = made["id"].as_str().unwrap();
    let variables = format!("/api/v1/services/{id}/variables");
    let variables = world.call(&owner, "GET", &variables, None).await;
    assert!(!variables.text().contains(TUNNEL_TOKEN));
    let variables = variables.json()["variables"].clone();
    assert_eq!(variables.as_object().unwrap().len(), 2);
    assert_eq!(variables[tunnel::METRICS_KEY]["value"], tunnel::METRICS);
    assert_eq!(variables[tunnel::TOKEN_KEY]["secret"], true);
    assert_eq!(variables[tunnel::TOKEN_KEY]["value"], Value::Null);
    let deployments = format!("/api/v1/services/{id}/deployments");
    let deployments = world.call(&owner, "GET", &deployments, None).await;
    assert_eq!(deployments.json()["items"][0]["status"], "queued");
    // A second one of the name is refused.
    let again = world.call(&owner, "POST", &path, Some(body)).await;
    assert_eq!(again.problem(409).1, ["name"]);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn what_is_wrong_with_a_tunnel_is_told_of_all_fields_without_the_token(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = format!("/api/v1/environments/{}/tunnels", things.environment);
    let cut = &TUNNEL_TOKEN[..TUNNEL_TOKEN.len() - 9];
    let body = json!({ "name": "Front Door", "token": cut, "image": "not an image" });
    let refused = world.call(&owner, "POST", &path, Some(body)).await;
    let (_, fields) = refused.problem(422);
    assert_eq!(fields, ["name", "token", "image"]);
    assert!(refused.text().contains("is cut off, changed"));
    assert!(!refused.text().contains(&cut[..40]), "{}", refused.text());

    // The page says the same, keeps what was typed, and does not send the token back.
    let page = format!("/environments/{}/tunnels", things.environment);
    let fields = format!("name=door&image=cloudflare/cloudflared:2026.9.1&token={cut}");
    let refused = world.submit(&owner.cookie, &page, &fields).await;
    assert_eq!(refused.status, 422);
    let text = refused.text();
    assert!(text.contains("The token is cut off, changed"), "{text}");
    assert!(text.contains("cloudflare/cloudflared:2026.9.1"), "{text}");
    assert!(!text.contains(&cut[..40]), "{text}");
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn the_page_of_an_environment_leads_to_a_tunnel(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let page = format!("/environments/{}", things.environment);
    let shown = world.visit(&owner.cookie, &page).await.text();
    assert!(shown.contains(&format!("{page}/tunnels/new")), "{shown}");
    let form = world
        .visit(&owner.cookie, &format!("{page}/tunnels/new"))
        .await;
    assert!(form.text().contains(tunnel::IMAGE), "{}", form.text());

    let fields = format!("name=door&image=&token={TUNNEL_TOKEN}");
    let made = world
        .submit(&owner.cookie, &format!("{page}/tunnels"), &fields)
        .await;
    assert_eq!(made.status, 303, "{}", made.text());
    let place = made.header("location").to_owned();
    assert!(place.starts_with("/services/"), "{place}");
    let overview = world.visit(&owner.cookie, &place).await.text();
    assert!(overview.contains("cloudflare/cloudflared"), "{overview}");
    assert!(!overview.contains(TUNNEL_TOKEN));
}
