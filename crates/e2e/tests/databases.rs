//! Managed databases through the API: apps find them by reference, and their data survives
//! restarts, deployments and killed containers, and a deletion that was not asked for twice.
//!
//! Runs alone: it kills Docker.

use std::process::Command;
use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::longshore::Longshore;
use longshore_testkit::engine::daemon;
use longshore_testkit::wait;
use serde_json::{Value, json};

/// How long a container may take to be replaced and healthy.
const PATIENCE: Duration = Duration::from_secs(90);

/// Writes a row and says how many there are. It waits for the server, which may be starting.
const ADD_ROW: &str = "until pg_isready -q -d \"$DATABASE_URL\"; do sleep 0.2; done; \
    psql -qAt -v ON_ERROR_STOP=1 \"$DATABASE_URL\" \
      -c 'CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())' \
      -c 'INSERT INTO visits DEFAULT VALUES' \
      -c \"SELECT 'rows=' || count(*) FROM visits\"";

/// Counts up and says how far.
const ADD_HIT: &str = "until redis-cli -e -u \"$REDIS_URL\" ping; do sleep 0.2; done; \
    echo rows=$(redis-cli -e -u \"$REDIS_URL\" incr hits)";

async fn database(api: &Api, environment: &str, name: &str, engine: &str) -> (String, String) {
    let body = json!({ "name": name, "engine": engine });
    let path = format!("/environments/{environment}/databases");
    let made = api.post(&path, body).await.expect(201);
    assert_eq!(made["kind"], "database");
    let url = made["connection_url"].as_str().expect("a URL").to_owned();
    (id_of(&made), url)
}

/// A worker whose release command uses a database, as a migration would.
async fn app(api: &Api, environment: &str, name: &str, image: &str, script: &str) -> String {
    let app = json!({
        "name": name,
        "source": { "image": { "reference": image } },
        "run": {
            "command": ["sleep", "3600"],
            "release_command": ["bash", "-c", script],
            "settle_seconds": 1,
            "stop_grace_seconds": 1,
            "drain_seconds": 0,
        },
    });
    let path = format!("/environments/{environment}/apps");
    id_of(&api.post(&path, app).await.expect(201))
}

/// Deploys an app and gives the log of it.
async fn log_of_deployment(api: &Api, app: &str) -> String {
    let deployment = api.deploy_live(app).await;
    api.text(&format!("/deployments/{}/log", id_of(&deployment)))
        .await
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output();
    let output = output.expect("docker");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The healthy containers of a service.
fn containers(longshore: &Longshore, service: &str) -> String {
    let label = format!("label={}.service={service}", longshore.instance());
    docker(&["ps", "-q", "--filter", &label, "--filter", "health=healthy"])
}

fn volumes(longshore: &Longshore, service: &str) -> String {
    let label = format!("label={}.service={service}", longshore.instance());
    docker(&["volume", "ls", "-q", "--filter", &label])
}

/// All of them, healthy or not.
fn running(longshore: &Longshore, service: &str) -> String {
    let label = format!("label={}.service={service}", longshore.instance());
    docker(&["ps", "-q", "--filter", &label])
}

fn password_of(url: &str) -> &str {
    let rest = &url["postgresql://app:".len()..];
    rest.split('@').next().expect("a password")
}

/// Whether PostgreSQL takes a password, asked over its network.
fn can_sign_in(container: &str, password: &str) -> bool {
    let script = "exec psql -qAt -h \"$(hostname -i | cut -d' ' -f1)\" -c 'SELECT 1'";
    let variable = format!("PGPASSWORD={password}");
    let answer = docker(&["exec", "-e", &variable, container, "bash", "-c", script]);
    answer == "1"
}

/// Waits until other containers than these run and are healthy.
async fn replaced(longshore: &Longshore, service: &str, before: &str) {
    wait::until("a new container", PATIENCE, || async {
        let now = containers(longshore, service);
        (!now.is_empty() && now != before).then_some(())
    })
    .await;
}

async fn is_deployed(api: &Api, deployment: &str) {
    wait::until("a live deployment", PATIENCE, || async {
        let shown = api.get(&format!("/deployments/{deployment}")).await.body;
        assert_ne!(shown["status"], "failed", "{shown:#}");
        (shown["status"] == "live").then_some(())
    })
    .await;
}

async fn is_live(api: &Api, service: &str) {
    wait::until("a live database", PATIENCE, || async {
        let shown = api.get(&format!("/services/{service}")).await.body;
        assert_ne!(shown["status"], "failed", "{shown:#}");
        (shown["status"] == "running").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_survives_restart_redeploy_and_a_killed_container() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Data").await;

    let (postgres, url) = database(&api, &environment, "db", "postgres").await;
    let (redis, redis_url) = database(&api, &environment, "cache", "redis").await;
    assert!(url.starts_with("postgresql://app:") && url.ends_with("@db:5432/app"));
    assert!(redis_url.ends_with("@cache:6379/0"), "{redis_url}");
    is_live(&api, &postgres).await;
    is_live(&api, &redis).await;

    let writer = app(&api, &environment, "writer", "postgres:15", ADD_ROW).await;
    let counter = app(&api, &environment, "counter", "redis:7", ADD_HIT).await;
    for (app, key, value) in [
        (&writer, "DATABASE_URL", "${{db.DATABASE_URL}}"),
        (&counter, "REDIS_URL", "${{cache.DATABASE_URL}}"),
    ] {
        let path = format!("/services/{app}/variables");
        let variables: Value = json!({ "variables": { key: value } });
        api.put(&path, variables).await.expect(200);
    }
    let mut rows = 0;
    let mut write = async || {
        rows += 1;
        let logs = tokio::join!(
            log_of_deployment(&api, &writer),
            log_of_deployment(&api, &counter)
        );
        for log in [logs.0, logs.1] {
            assert!(log.contains(&format!("rows={rows}")), "{rows}:\n{log}");
        }
    };
    write().await;

    for (step, service) in [("restart", &postgres), ("restart", &redis)] {
        let before = containers(&longshore, service);
        let answer = api
            .post(&format!("/services/{service}/{step}"), json!({}))
            .await;
        assert_eq!(answer.status, 202);
        replaced(&longshore, service, &before).await;
    }
    write().await;

    for service in [&postgres, &redis] {
        let before = containers(&longshore, service);
        api.deploy_live(service).await;
        replaced(&longshore, service, &before).await;
    }
    write().await;

    for service in [&postgres, &redis] {
        let before = containers(&longshore, service);
        docker(&["kill", &before]);
        replaced(&longshore, service, &before).await;
    }
    write().await;

    // A change of a setting.
    for service in [&postgres, &redis] {
        let before = containers(&longshore, service);
        let path = format!("/services/{service}/database");
        let limit = 512 * 1024 * 1024;
        let body = json!({ "memory_limit_bytes": limit });
        api.patch(&path, body).await.expect(200);
        api.deploy_live(service).await;
        replaced(&longshore, service, &before).await;
        let now = containers(&longshore, service);
        let memory = docker(&["inspect", "-f", "{{.HostConfig.Memory}}", &now]);
        assert_eq!(memory, limit.to_string());
    }
    let path = format!("/services/{postgres}/database");
    let other = json!({ "version": "16" });
    api.patch(&path, other).await.refuses(422, "version");
    write().await;

    // Stopped and started again; nothing runs in between, and the volume stays.
    for service in [&postgres, &redis] {
        let kept = volumes(&longshore, service);
        let path = |verb: &str| format!("/services/{service}/{verb}");
        api.post(&path("stop"), json!({})).await.expect(202);
        wait::until("no container", PATIENCE, || async {
            running(&longshore, service).is_empty().then_some(())
        })
        .await;
        assert_eq!(volumes(&longshore, service), kept);
        api.post(&path("start"), json!({})).await.expect(202);
        replaced(&longshore, service, "").await;
    }
    write().await;

    // Docker itself dies and comes back.
    daemon::kill().start_again();
    for service in [&postgres, &redis] {
        replaced(&longshore, service, "").await;
    }
    write().await;

    // Other passwords: the old one is refused, apps have the new one at their next deployment.
    let old = password_of(&url).to_owned();
    assert!(can_sign_in(&containers(&longshore, &postgres), &old));
    let path = |service: &str| format!("/services/{service}/password");
    let answer = api.post(&path(&postgres), json!({})).await.expect(200);
    assert_eq!(answer["deployment"], Value::Null);
    assert!(!can_sign_in(&containers(&longshore, &postgres), &old));
    let answer = api.post(&path(&redis), json!({})).await.expect(200);
    let deployment = answer["deployment"].as_str().expect("a deployment");
    is_deployed(&api, deployment).await;
    write().await;
    let connection = format!("/services/{postgres}/connection");
    let url = api.post(&connection, json!({})).await.expect(200)["url"].clone();
    let url = url.as_str().expect("a URL").to_owned();
    assert_ne!(password_of(&url), old);
    assert!(can_sign_in(
        &containers(&longshore, &postgres),
        password_of(&url)
    ));

    // No password is in a log, and none is shown to who only asks for the service.
    let password = password_of(&url);
    let log = api.text(&format!("/services/{postgres}/log")).await;
    let shown = api.get(&format!("/services/{postgres}")).await.body;
    assert!(log.contains("database system is ready"), "{log}");
    assert!(!log.contains(password) && !shown.to_string().contains(password));
    let path = format!("/services/{postgres}/connection");
    let revealed = api.post(&path, json!({})).await.expect(200);
    assert_eq!(revealed["url"], url);

    // Deleting keeps the data unless it is asked for twice.
    let remove = |service: &str, query: &str| format!("/services/{service}{query}");
    let body = json!({ "confirm": "cache" });
    api.delete(&remove(&redis, "?volumes=true"), body.clone())
        .await
        .refuses(422, "name");
    api.delete(&remove(&redis, ""), body).await.expect(204);
    api.delete(&remove(&postgres, "?volumes=true&confirm=db"), json!({}))
        .await
        .expect(204);
    wait::until("the volume's removal", PATIENCE, || async {
        let gone = volumes(&longshore, &postgres).is_empty();
        (gone && containers(&longshore, &redis).is_empty()).then_some(())
    })
    .await;
    let kept = volumes(&longshore, &redis);
    assert!(kept.contains("-data"), "{kept}");
    docker(&["volume", "rm", &kept]);
}
