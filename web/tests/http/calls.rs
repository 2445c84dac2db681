//! The calls of the API, from a project to a rollback.

use std::time::Duration;

use longshore_control::work::Outcome;
use longshore_domain::{Failure, FailureKind, Stage};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::things::Things;
use crate::world::{Person, World};

async fn post(world: &World, person: &Person, path: &str, body: Value) -> Value {
    let answer = world.call(person, "POST", path, Some(body)).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn from_a_project_to_a_rollback(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let project = post(
        &world,
        &owner,
        "/api/v1/projects",
        json!({ "name": "Shop" }),
    )
    .await;
    assert_eq!(project["environments"][0]["name"], "production");
    let environment = id(&project["environments"][0]);
    let app = json!({
        "name": "web",
        "source": { "git": { "url": "https://git.example.com/shop.git", "branch": "main" } },
        "build": { "dockerfile": { "path": "Dockerfile", "context": ".", "args": { "A": "1" } } },
        "port": 8080,
    });
    let path = format!("/api/v1/environments/{environment}/apps");
    let app = post(&world, &owner, &path, app).await;
    assert_eq!(app["status"], "never_deployed");
    assert_eq!(app["source"]["git"]["access"], "anonymous");
    let service = format!("/api/v1/services/{}", id(&app));

    let body =
        json!({ "variables": { "PLAIN": "seen", "HIDDEN": { "value": "x", "secret": true } } });
    let path = format!("{service}/variables");
    let answer = world.call(&owner, "PUT", &path, Some(body)).await;
    assert_eq!(answer.status, 200);
    let variables = answer.json()["variables"].clone();
    assert_eq!(variables["PLAIN"]["value"], "seen");
    assert_eq!(variables["HIDDEN"]["value"], Value::Null);

    let body = json!({ "host": "shop.example.com", "tls": "none" });
    let domain = post(&world, &owner, &format!("{service}/domains"), body).await;
    assert_eq!(domain["url"], "http://shop.example.com/");

    let deployments = format!("{service}/deployments");
    let answer = world.call(&owner, "POST", &deployments, None).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let first = answer.json();
    assert_eq!(
        (&first["number"], &first["status"]),
        (&json!(1), &json!("queued"))
    );
    world.work().await;
    let path = format!("/api/v1/deployments/{}", id(&first));
    let first = world.call(&owner, "GET", &path, None).await.json();
    assert_eq!(first["status"], "live");
    assert!(first["timings_ms"].is_object());
    assert!(
        first["image_digest"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );

    post(&world, &owner, &deployments, json!({})).await;
    world.work().await;
    let back = json!({ "deployment": id(&first) });
    let back = post(&world, &owner, &format!("{service}/rollback"), back).await;
    assert_eq!(
        (&back["number"], &back["status"]),
        (&json!(3), &json!("queued"))
    );

    let part = world
        .call(&owner, "GET", &format!("{deployments}?limit=2"), None)
        .await
        .json();
    assert_eq!(part["items"].as_array().unwrap().len(), 2);
    let next = part["next"].as_str().unwrap();
    let rest = format!("{deployments}?limit=2&after={next}");
    let rest = world.call(&owner, "GET", &rest, None).await.json();
    assert_eq!(rest["items"][0]["number"], 1);
    assert!(rest.get("next").is_none());

    let path = format!("/api/v1/deployments/{}/cancel", id(&back));
    let answer = world.call(&owner, "POST", &path, None).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["status"]),
        (202, &json!("cancelled"))
    );
    world.call(&owner, "POST", &path, None).await.problem(409);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn waiting_answers_at_the_end_or_after_the_given_time(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = format!("/api/v1/services/{}/deployments", things.service);

    let brief = format!("{path}?wait=true&timeout=0");
    let answer = world.call(&owner, "POST", &brief, None).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["status"]),
        (202, &json!("queued"))
    );

    let waiting = format!("{path}?wait=true");
    let working = async {
        let worker = Uuid::now_v7();
        // The request supersedes what waits, so wait for it to be there.
        let claimed = loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let last = world.call(&owner, "GET", &path, None).await.json();
            if last["items"][0]["number"] == 5 {
                break world.claim(worker).await;
            }
        };
        let failure = Failure {
            stage: Some(Stage::Building),
            kind: FailureKind::BuildFailed,
            message: "step 2 of 3 ended with 7".to_owned(),
        };
        let outcome = Outcome::Failed(failure);
        world
            .control
            .finish(claimed.id, worker, outcome)
            .await
            .unwrap();
    };
    let (answer, ()) = tokio::join!(world.call(&owner, "POST", &waiting, None), working);
    assert_eq!(answer.status, 200);
    let ended = answer.json();
    assert_eq!(ended["status"], "failed");
    assert_eq!(ended["failure"]["stage"], "building");
    assert_eq!(ended["failure"]["message"], "step 2 of 3 ended with 7");

    let odd = format!("{path}?wait=perhaps");
    world.call(&owner, "POST", &odd, None).await.problem(400);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn what_does_not_fit_is_told_by_field(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let name = json!({ "name": things.project_name });
    let answer = world
        .call(&owner, "POST", "/api/v1/projects", Some(name))
        .await;
    assert_eq!(answer.problem(409).1, ["name"]);

    let apps = format!("/api/v1/environments/{}/apps", things.environment);
    let git = |url: &str, branch: &str| json!({ "git": { "url": url, "branch": branch } });
    let url = "https://git.example.com/a.git";
    for (field, app) in [
        ("name", json!({ "name": "a;b", "source": git(url, "main") })),
        (
            "name",
            json!({ "name": "$(id)", "source": git(url, "main") }),
        ),
        (
            "name",
            json!({ "name": "x".repeat(300), "source": git(url, "main") }),
        ),
        ("name", json!({ "source": git(url, "main") })),
        (
            "source.git.url",
            json!({ "name": "a", "source": git("file:///etc", "main") }),
        ),
        (
            "source.git.branch",
            json!({ "name": "a", "source": git(url, "-x;y") }),
        ),
        (
            "source.git.branch",
            json!({ "name": "a", "source": { "git": { "url": url } } }),
        ),
        (
            "source.upload.file",
            json!({ "name": "a", "source": { "upload": { "file": "a.zip" } } }),
        ),
        (
            "source.svn",
            json!({ "name": "a", "source": { "svn": {} } }),
        ),
        (
            "port",
            json!({ "name": "a", "source": git(url, "main"), "port": 70_000 }),
        ),
        (
            "port",
            json!({ "name": "a", "source": git(url, "main"), "port": "80" }),
        ),
        (
            "colour",
            json!({ "name": "a", "source": git(url, "main"), "colour": 1 }),
        ),
        (
            "run.replicas",
            json!({ "name": "a", "source": git(url, "main"), "run": { "replicas": -1 } }),
        ),
        (
            "build.dockerfile.path",
            json!({ "name": "a", "source": git(url, "main"),
                "build": { "dockerfile": { "path": "../Dockerfile" } } }),
        ),
    ] {
        let answer = world.call(&owner, "POST", &apps, Some(app)).await;
        let (sentence, fields) = answer.problem(422);
        let named = fields
            .iter()
            .any(|name| name.contains(field) || field.starts_with(name));
        assert!(
            named && !fields[0].is_empty(),
            "{field}: {fields:?} {sentence}"
        );
    }
    let variables = format!("/api/v1/services/{}/variables", things.service);
    for (body, words) in [
        (json!({ "variables": { "1 BAD=": "x" } }), ""),
        (json!({ "variables": { "KEY": 7 } }), "must be a text"),
    ] {
        let answer = world.call(&owner, "PUT", &variables, Some(body)).await;
        let (sentence, fields) = answer.problem(422);
        assert!(fields[0].starts_with("variables."), "{fields:?}");
        assert!(sentence.contains(words), "{sentence}");
    }
    let list = world
        .call(
            &owner,
            "GET",
            &format!("/api/v1/environments/{}/services", things.environment),
            None,
        )
        .await;
    assert_eq!(
        list.json()["items"].as_array().unwrap().len(),
        1,
        "nothing was half-written"
    );

    let other = Things::new(&world, &owner, 1).await;
    let taken = json!({ "host": "app-0.example.com" });
    let path = format!("/api/v1/services/{}/domains", other.service);
    let answer = world.call(&owner, "POST", &path, Some(taken)).await;
    assert_eq!(answer.problem(409).1, ["host"]);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn tokens_and_secrets_are_shown_once(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let made = post(
        &world,
        &owner,
        "/api/v1/tokens",
        json!({ "name": "laptop" }),
    )
    .await;
    assert!(made["token"].as_str().unwrap().starts_with("lsh_"));
    let list = world
        .call(&owner, "GET", "/api/v1/tokens", None)
        .await
        .text();
    assert!(list.contains("laptop") && !list.contains("lsh_"));

    let path = format!("/api/v1/services/{}/webhook", things.service);
    let shown = world.call(&owner, "GET", &path, None).await.json();
    assert!(
        shown["url"]
            .as_str()
            .unwrap()
            .starts_with("http://panel.test:3000/hooks/github/")
    );
    assert!(shown.get("secret").is_none());
    let answer = world.call(&owner, "POST", &path, None).await;
    assert_eq!(answer.status, 201);
    assert_ne!(answer.json()["secret"], things.hook_secret.as_str());
    assert!(answer.json()["old_secret_until"].is_string());
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn the_description_names_every_call(pool: PgPool) {
    let world = World::new(pool);
    let builder = crate::world::request("GET", "/api/v1/openapi.json");
    let answer = world
        .send(builder.body(axum::body::Body::empty()).unwrap())
        .await;
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/api/v1/projects",
        "/api/v1/services/{id}/rollback",
        "/api/v1/deployments/{id}/log",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let words = operation["summary"]
                .as_str()
                .or(operation["description"].as_str());
            assert!(
                words.is_some_and(|words| !words.is_empty()),
                "{method} {path}"
            );
        }
    }
    let problem = &document["components"]["schemas"]["Problem"]["properties"];
    assert!(problem["errors"].is_object() && problem["detail"].is_object());
}
