//! The data of every engine survives restarts, deployments, other settings, killed containers, a
//! crash of Docker and an upgrade of Longshore: apps add to it and count after each.

use std::time::Instant;

use longshore_e2e::databases::{Databases, shown_url};
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::engine::daemon;
use serde_json::json;

const ENGINES: [&str; 5] = ["postgres", "redis", "valkey", "mariadb", "minio"];

/// Every container of this Longshore and when it was started.
fn containers(longshore: &Longshore) -> Vec<String> {
    let owned = format!("label={}.owned", longshore.instance());
    let ids = docker(&["ps", "--quiet", "--no-trunc", "--filter", &owned]);
    let format = [
        "inspect",
        "--format",
        "{{.Name}} {{.Id}} {{.State.StartedAt}}",
    ];
    let ids: Vec<&str> = ids.split_whitespace().collect();
    let all = docker(&[&format[..], &ids].concat());
    let mut all: Vec<String> = all.lines().map(str::to_owned).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn data_of_each_engine_survives_whatever_happens() {
    let mut longshore = Longshore::start_alone().await;
    let api = longshore.api();
    let environment = api.project("Data").await;
    let start = Instant::now();
    let past = |what: &str| eprintln!("{:>6.1} s: {what}", start.elapsed().as_secs_f64());
    let databases = Databases::make(&longshore, &api, &environment, &ENGINES).await;
    databases.count(1).await;
    past("made");

    let restart = async |service: String| {
        let path = format!("/services/{service}/restart");
        api.post(&path, json!({})).await.expect(202);
    };
    databases.replacing(restart).await;
    databases.count(2).await;
    past("restarted");

    let limit = 512 * 1024 * 1024;
    let limited = async |service: String| {
        let path = format!("/services/{service}/database");
        let body = json!({ "memory_limit_bytes": limit });
        api.patch(&path, body).await.expect(200);
        api.deploy_live(&service).await;
    };
    databases.replacing(limited).await;
    for database in &databases.all {
        let container = databases.container(database);
        let memory = docker(&["inspect", "-f", "{{.HostConfig.Memory}}", &container]);
        assert_eq!(memory.trim(), limit.to_string(), "{}", database.name);
    }
    databases.count(3).await;
    past("deployed with other settings");

    let running: Vec<String> = databases
        .all
        .iter()
        .map(|one| databases.container(one))
        .collect();
    let ids: Vec<&str> = running.iter().map(String::as_str).collect();
    docker(&[&["kill"], &ids[..]].concat());
    for (database, before) in databases.all.iter().zip(&running) {
        databases.has_other_than(database, before).await;
    }
    databases.count(4).await;
    past("containers killed");

    daemon::kill().start_again();
    databases.are_up().await;
    databases.count(5).await;
    past("Docker killed");

    // The programs of Longshore are replaced; nothing that it runs is touched.
    let before = containers(&longshore);
    assert!(before.len() > 2 * ENGINES.len(), "{before:#?}");
    let all = databases.all;
    longshore.upgrade().await;
    assert_eq!(containers(&longshore), before);
    let databases = Databases::again(&longshore, &api, all);
    databases.count(6).await;
    assert_eq!(containers(&longshore), before);
    past("Longshore upgraded");

    // Its secrets can still be read, and it does all that it did before.
    for database in &databases.all {
        assert_eq!(shown_url(&api, &database.service).await, database.url);
    }
    let deployed = ["postgres", "mariadb"].map(|name| databases.of(name).service.clone());
    let act = async |service: String| {
        if deployed.contains(&service) {
            api.deploy_live(&service).await;
        } else {
            restart(service).await;
        }
    };
    databases.replacing(act).await;
    databases.count(7).await;
    past("deployed and restarted after that");
}
