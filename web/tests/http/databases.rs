//! Databases and storage over HTTP, with an agent that says what it is told to say.

use longshore_control::{DatabaseDraft, VolumeOnMachine};
use longshore_domain::Role;
use serde_json::json;
use sqlx::PgPool;

use crate::things::Things;
use crate::world::World;

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_password_changes_only_when_the_database_has_taken_it(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let draft = DatabaseDraft {
        name: "db".to_owned(),
        engine: "postgres".to_owned(),
        ..DatabaseDraft::default()
    };
    let environment = things.environment;
    let made = world
        .control
        .create_database(&owner.actor, environment, draft);
    let database = made.await.unwrap().0.id;
    let url = async || {
        let revealed = world
            .control
            .reveal_connection(&owner.actor, database)
            .await;
        revealed.unwrap().url.expose().to_owned()
    };
    let before = url().await;
    let path = format!("/api/v1/services/{database}/password");
    let change = async || world.call(&owner, "POST", &path, None).await;
    // It does not run yet. The app's deployment waits before it.
    change().await.problem(409);
    world.work().await;
    world.work().await;

    *world.agent.refuses.lock().unwrap() = true;
    change().await.problem(409);
    assert_eq!(url().await, before);
    assert_eq!(world.agent.commands.lock().unwrap().len(), 2);

    *world.agent.refuses.lock().unwrap() = false;
    assert_eq!(change().await.status, 200);
    assert_ne!(url().await, before);
    let commands = world.agent.commands.lock().unwrap().clone();
    assert_eq!(commands[0], commands[2], "the same password is tried again");
    assert!(
        url()
            .await
            .contains(commands[2].argv[4].expose().split('\'').nth(1).unwrap())
    );
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn storage_tells_settings_beside_what_the_machine_has(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = format!("/api/v1/services/{}", things.service);
    let run = json!({ "run": { "volumes": [
        { "name": "data", "path": "/data" },
        { "name": "new", "path": "/new", "read_only": true },
    ] } });
    let saved = world.call(&owner, "PATCH", &path, Some(run)).await;
    assert_eq!(saved.status, 200);
    let on_machine = |service, name: &str, containers| VolumeOnMachine {
        service,
        name: name.parse().unwrap(),
        size_bytes: Some(4096),
        containers,
    };
    *world.agent.volumes.lock().unwrap() = vec![
        on_machine(things.service, "data", 1),
        on_machine(things.service, "old", 0),
        on_machine(things.kept, "data", 0),
    ];
    let storage = world.call(&owner, "GET", "/api/v1/storage", None).await;
    let storage = storage.json();
    let volumes = storage["services"][0]["volumes"].as_array().unwrap();
    let told: Vec<_> = volumes
        .iter()
        .map(|volume| {
            let exists = volume["exists"].as_bool().unwrap();
            (
                volume["name"].as_str().unwrap(),
                volume["path"].as_str(),
                exists,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("data", Some("/data"), true),
            ("new", Some("/new"), false),
            ("old", None, true),
        ]
    );
    assert_eq!(storage["kept"][0]["volumes"][0]["size_bytes"], 4096);

    // Another team sees nothing of it.
    let stranger = world
        .person("stranger", world.other_team, Role::Owner)
        .await;
    let storage = world.call(&stranger, "GET", "/api/v1/storage", None).await;
    assert_eq!(storage.json(), json!({ "services": [], "kept": [] }));
    let page = world.visit(&stranger.cookie, "/storage").await;
    assert!(page.text().contains("Nothing keeps data yet"));
}
