//! Cloudflare Tunnels: apps that are made from a token.

use longshore_control::view::ServiceKind;
use longshore_control::*;
use longshore_domain::specification::Origin;
use longshore_domain::{Cause, Secret, Strategy, tunnel};
use sqlx::PgPool;

use crate::world::{World, fields};

const TOKEN: &str = "eyJhIjoiMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYiLCJ0IjoiNmYyZjRjMWUtM2MwYi00YzBmLTlhNTgtMGQ2ZjZhMmY1ZjExIiwicyI6IkJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2NIQndjSEJ3Y0hCd2M9In0=";

fn draft(token: &str) -> TunnelDraft {
    TunnelDraft {
        name: "door".to_owned(),
        token: Secret::new(token),
        image: None,
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_tunnel_is_an_app_that_is_deployed_with_its_token_as_a_secret(pool: PgPool) {
    let world = World::new(pool.clone()).await;
    let environment = world.project("Shop").await.environments[0].id;
    let pasted = format!("docker run cloudflare/cloudflared:latest tunnel run --token {TOKEN}");
    let service = world
        .control
        .create_tunnel(&world.developer, environment, draft(&pasted))
        .await
        .unwrap();
    assert_eq!((service.kind, service.port), (ServiceKind::App, None));
    let stored = sqlx::query_scalar::<_, Vec<u8>>("SELECT value FROM variables");
    for value in stored.fetch_all(&pool).await.unwrap() {
        assert!(!String::from_utf8_lossy(&value).contains(TOKEN));
    }

    let claimed = world.work_until_live().await;
    assert_eq!(claimed.service, service.id);
    let specification = &claimed.specification;
    let Origin::Image { reference } = &specification.origin else {
        panic!("{specification:?}");
    };
    assert_eq!(reference.as_str(), tunnel::IMAGE);
    assert_eq!(specification.run, tunnel::run_settings());
    // The new one is connected before the old one goes.
    assert_eq!(specification.strategy, Strategy::BlueGreen);
    let variable = |key: &str| claimed.variables[&key.parse().unwrap()].expose();
    assert_eq!(variable(tunnel::TOKEN_KEY), TOKEN);
    assert_eq!(variable(tunnel::METRICS_KEY), tunnel::METRICS);
    assert!(claimed.redact.iter().any(|secret| secret.expose() == TOKEN));

    let deployments = world
        .control
        .list_deployments(&world.developer, service.id, Cursor::first(5))
        .await
        .unwrap();
    assert_eq!(deployments.items[0].cause, Cause::Manual);
    // It is changed like any app: another version of the program, say.
    let patch = AppPatch {
        source: Some(SourceDraft::Image {
            reference: "cloudflare/cloudflared:2026.9.1".to_owned(),
        }),
        ..AppPatch::default()
    };
    let changed = world
        .control
        .update_app(&world.developer, service.id, patch)
        .await
        .unwrap();
    assert_eq!(changed.run, tunnel::run_settings());
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn nothing_is_made_of_a_tunnel_that_is_refused(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let try_it = async |actor: &Actor, draft: TunnelDraft| {
        world.control.create_tunnel(actor, environment, draft).await
    };
    let refused = try_it(&world.developer, draft(&TOKEN[1..])).await;
    assert_eq!(fields(refused), ["token"]);
    let nameless = TunnelDraft {
        name: String::new(),
        image: Some(" ".to_owned()),
        ..draft(TOKEN)
    };
    assert_eq!(fields(try_it(&world.developer, nameless).await), ["name"]);
    assert!(matches!(
        try_it(&world.viewer, draft(TOKEN)).await,
        Err(ControlError::Forbidden { .. })
    ));
    assert!(matches!(
        try_it(&world.stranger, draft(TOKEN)).await,
        Err(ControlError::NotFound)
    ));
    let services = world
        .control
        .list_services(&world.developer, environment)
        .await;
    assert!(services.unwrap().is_empty());
    try_it(&world.developer, draft(TOKEN)).await.unwrap();
    let again = try_it(&world.developer, draft(TOKEN)).await;
    assert_eq!(fields(again), ["conflict:name"]);
}
