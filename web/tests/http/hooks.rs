//! Webhooks of Git hosts.

use std::time::{Duration, Instant};

use axum::body::Body;
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;
use sqlx::PgPool;

use crate::things::Things;
use crate::world::{Answer, World, request};

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn push(branch: &str) -> String {
    let commit = "a".repeat(40);
    json!({
        "ref": format!("refs/heads/{branch}"),
        "after": commit,
        "deleted": false,
        "head_commit": { "id": commit, "message": "Work", "author": { "name": "Ann" } },
        "pusher": { "name": "ann" },
    })
    .to_string()
}

async fn deliver(
    world: &World,
    path: &str,
    event: &str,
    delivery: &str,
    signature: Option<String>,
    body: String,
) -> Answer {
    let mut builder = request("POST", path)
        .header("content-type", "application/json")
        .header("x-github-event", event)
        .header("x-github-delivery", delivery);
    if let Some(signature) = signature {
        builder = builder.header("x-hub-signature-256", signature);
    }
    world.send(builder.body(Body::from(body)).unwrap()).await
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_signed_push_deploys_and_nothing_else_does(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let (hook, secret) = (things.hook.clone(), things.hook_secret.clone());
    let path = format!("/api/v1/services/{}/deployments", things.service);
    let count = async || {
        let list = world.call(&owner, "GET", &path, None).await.json();
        list["items"].as_array().unwrap().len()
    };
    let before = count().await;

    for wrong in [
        None,
        Some(signature("wrong", &push("main"))),
        Some("sha256=".to_owned()),
    ] {
        let answer = deliver(&world, &hook, "push", "1", wrong, push("main")).await;
        answer.problem(401);
    }
    // A signature over other bytes, though they mean the same.
    let other = signature(&secret, &push("main"));
    let spaced = format!(" {}", push("main"));
    deliver(&world, &hook, "push", "1", Some(other), spaced)
        .await
        .problem(401);
    assert_eq!(count().await, before);

    let ping = json!({ "zen": "Design for failure." }).to_string();
    let signed = Some(signature(&secret, &ping));
    let answer = deliver(&world, &hook, "ping", "2", signed, ping).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["decision"]),
        (202, &json!("pong"))
    );

    let signed = Some(signature(&secret, &push("other")));
    let answer = deliver(&world, &hook, "push", "3", signed, push("other")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["decision"]),
        (202, &json!("ignored"))
    );
    assert_eq!(count().await, before);

    let signed = Some(signature(&secret, &push("main")));
    let began = Instant::now();
    let answer = deliver(&world, &hook, "push", "4", signed.clone(), push("main")).await;
    let took = began.elapsed();
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["decision"]),
        (202, &json!("deployed"))
    );
    assert_eq!(answer.json()["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(count().await, before + 1);
    // Far above what it takes; a request that waits for the work takes longer still.
    assert!(took < Duration::from_secs(2), "{took:?}");

    let answer = deliver(&world, &hook, "push", "4", signed, push("main")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["decision"]),
        (202, &json!("repeated"))
    );
    assert_eq!(count().await, before + 1);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn unknown_hooks_and_hosts_are_not_found(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let id = things.hook.rsplit('/').next().unwrap();
    for path in [
        format!("/hooks/sourceforge/{id}"),
        "/hooks/github/nonsense".to_owned(),
        "/hooks/github/00000000-0000-7000-8000-000000000000".to_owned(),
    ] {
        let signed = Some(signature(&things.hook_secret, &push("main")));
        let answer = deliver(&world, &path, "push", "1", signed, push("main")).await;
        answer.problem(404);
    }
}
