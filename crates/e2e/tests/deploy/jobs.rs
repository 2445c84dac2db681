//! Commands that run once, and ports of the machine, on a real engine.

use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::{ports, wait};
use serde_json::{Value, json};

/// How long what is asked for may take.
const PATIENCE: Duration = Duration::from_secs(60);

async fn ended(api: &Api, job: &str) -> Value {
    wait::until("the end of the job", PATIENCE, || async {
        let shown = api.get(&format!("/jobs/{job}")).await.body;
        shown["ended_at"].is_string().then_some(shown)
    })
    .await
}

fn containers(longshore: &Longshore, service: &str) -> usize {
    let label = format!("label={}.service={service}", longshore.instance());
    docker(&["ps", "-aq", "--filter", &label, "--filter", "name=-once-"])
        .lines()
        .count()
}

/// The container goes once what it said is stored.
async fn gone(longshore: &Longshore, service: &str) {
    wait::until("no container of a job", PATIENCE, || async {
        (containers(longshore, service) == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_once_in_the_live_image() {
    let mut longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Harbour").await;
    let app = json!({
        "name": "worker",
        "source": { "image": { "reference": "busybox:latest" } },
        "run": {
            "command": ["sleep", "3600"],
            "settle_seconds": 1,
            "stop_grace_seconds": 1,
            "drain_seconds": 0,
            "volumes": [{ "name": "data", "path": "/data" }],
            "scale": {
                "memory_reservation_bytes": 16_777_216,
                "placement": ["node.role == manager"],
                "labels": { "com.example.team": "shop" },
            },
        },
    });
    let path = format!("/environments/{environment}/apps");
    let service = id_of(&api.post(&path, app).await.expect(201));
    let variables = json!({ "variables": { "TOKEN": { "value": "hush-hush", "secret": true } } });
    api.put(&format!("/services/{service}/variables"), variables)
        .await
        .expect(200);
    api.deploy_live(&service).await;
    let label = format!("label={}.service={service}", longshore.instance());
    let team = docker(&[
        "ps",
        "-q",
        "--filter",
        &label,
        "--filter",
        "label=com.example.team=shop",
    ]);
    assert_eq!(team.lines().count(), 1);

    let jobs = format!("/services/{service}/jobs");
    let script = "echo \"token $TOKEN\"; ls -d /data || true; echo done; exit 3";
    let body = json!({ "command": ["sh", "-c", script] });
    let job = id_of(&api.post(&jobs, body).await.expect(202));
    let seen = ended(&api, &job).await;
    assert_eq!(
        (&seen["status"], &seen["exit_code"]),
        (&json!("failed"), &json!(3))
    );
    let log = seen["log"].as_str().expect("a log");
    assert!(
        log.contains("token [redacted]") && log.contains("done"),
        "{log}"
    );
    assert!(log.contains("/data: No such file"), "{log}");
    gone(&longshore, &service).await;

    // Cancelled, while it runs and the control plane comes and goes.
    let job = id_of(
        &api.post(&jobs, json!({ "command": ["sleep", "600"] }))
            .await
            .expect(202),
    );
    wait::until("the job to run", PATIENCE, || async {
        let shown = api.get(&format!("/jobs/{job}")).await.body;
        (shown["status"] == "running").then_some(())
    })
    .await;
    longshore.restart().await;
    assert_eq!(
        api.get(&format!("/jobs/{job}")).await.body["status"],
        "running"
    );
    assert_eq!(containers(&longshore, &service), 1);
    api.post(&format!("/jobs/{job}/cancel"), json!({}))
        .await
        .expect(202);
    assert_eq!(ended(&api, &job).await["status"], "cancelled");
    gone(&longshore, &service).await;

    // What is not in the image, and what takes too long.
    let job = id_of(
        &api.post(&jobs, json!({ "command": ["no-such-program"] }))
            .await
            .expect(202),
    );
    let seen = ended(&api, &job).await;
    assert_eq!(seen["status"], "failed");
    assert!(
        seen.to_string().contains("no-such-program failed"),
        "{seen}"
    );
    let slow = json!({ "command": ["sleep", "600"], "timeout_seconds": 2 });
    let job = id_of(&api.post(&jobs, slow).await.expect(202));
    let seen = ended(&api, &job).await;
    assert!(
        seen["message"].to_string().contains("within 2 seconds"),
        "{seen}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_opens_a_port_of_the_machine_and_keeps_its_data() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Harbour").await;
    let path = format!("/environments/{environment}/databases");
    let made = api
        .post(&path, json!({ "name": "db", "engine": "postgres" }))
        .await
        .expect(201);
    let (service, url) = (
        id_of(&made),
        made["connection_url"].as_str().expect("a URL").to_owned(),
    );
    wait::until("the database", Duration::from_secs(90), || async {
        let shown = api.get(&format!("/services/{service}")).await.body;
        (shown["status"] == "running").then_some(())
    })
    .await;
    let settings = format!("/services/{service}/database");

    // Taken by another program: refused before the running version is touched.
    let taken = std::net::TcpListener::bind("0.0.0.0:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    api.patch(&settings, json!({ "external_port": port }))
        .await
        .expect(200);
    let failed = api.deploy(&service).await;
    assert_eq!(failed["status"], "failed", "{failed:#}");
    let words = failed["failure"].to_string();
    assert!(words.contains("in use by"), "{words}");
    let label = format!("label={}.service={service}", longshore.instance());
    assert_eq!(docker(&["ps", "-q", "--filter", &label]).lines().count(), 1);
    drop(taken);

    let deployment = api.deploy_live(&service).await;
    assert_eq!(deployment["strategy"], "recreate");
    ports::listening(port).await;
    let other = api
        .post(&path, json!({ "name": "other", "engine": "redis" }))
        .await
        .expect(201);
    let taken = format!("/services/{}/database", id_of(&other));
    api.patch(&taken, json!({ "external_port": port }))
        .await
        .refuses(422, "which the service db has");

    // From the machine, with the password, before and after a deployment that keeps the port.
    let outside = url.replace("@db:5432", &format!("@127.0.0.1:{port}"));
    let ask = |sql: &str| {
        docker(&[
            "run",
            "--rm",
            "--network",
            "host",
            "postgres:15",
            "psql",
            "-qAt",
            &outside,
            "-c",
            sql,
        ])
        .trim()
        .to_owned()
    };
    ask("CREATE TABLE ships (name text)");
    ask("INSERT INTO ships VALUES ('Ahoy')");
    // A minor version, and an image with extensions of the same series: the data stays.
    docker(&["tag", "postgres:15", "postgres:15.99"]);
    docker(&["tag", "postgres:15", "pgvector/pgvector:pg15"]);
    for change in [
        json!({}),
        json!({ "version": "15.99" }),
        json!({ "image": "pgvector/pgvector:pg15" }),
    ] {
        api.patch(&settings, change.clone()).await.expect(200);
        api.deploy_live(&service).await;
        ports::listening(port).await;
        wait::until("the data", PATIENCE, || async {
            (ask("SELECT name FROM ships") == "Ahoy").then_some(())
        })
        .await;
        let shown = api.get(&format!("/services/{service}")).await.body;
        let image = shown["source"]["image"]["reference"].clone();
        let expected = match (change["image"].as_str(), change["version"].as_str()) {
            (Some(image), _) => image.to_owned(),
            (None, version) => format!("postgres:{}", version.unwrap_or("15")),
        };
        assert_eq!(image, json!(expected), "{shown:#}");
    }
    docker(&["rmi", "postgres:15.99", "pgvector/pgvector:pg15"]);
}
