//! Deploys under load: nothing may fail while versions change.

use std::time::{Duration, Instant};

use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::load::{Load, Report as LoadReport};
use longshore_testkit::{apps::ECHO, wait};
use serde_json::json;
use tokio::process::Command;

use crate::api::Api;
use crate::longshore::Longshore;

/// How long old versions may take to drain and to stop.
const LIMIT: Duration = Duration::from_mins(2);

const HOST: &str = "gapless.example.test";

/// How much is asked of the cut-over.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// Deployments, one right after the other.
    pub deploys: u32,
    /// Ordinary requests a second.
    pub rate: u32,
    /// WebSockets that are open all the time.
    pub websockets: u32,
    /// Clients that ask for something that takes two seconds, without a pause.
    pub slow_clients: u32,
    /// Containers of the service.
    pub replicas: u32,
    /// `blue_green`, `rolling` or `recreate`; chosen by Longshore when absent.
    pub strategy: Option<&'static str>,
    /// How long an old version goes on; WebSockets are used for half of it.
    pub drain_seconds: u32,
}

impl Parameters {
    /// Small enough for every run of the tests.
    pub fn bounded() -> Self {
        Self {
            deploys: 3,
            rate: 200,
            websockets: 5,
            slow_clients: 2,
            replicas: 1,
            strategy: None,
            drain_seconds: 6,
        }
    }

    /// What Longshore promises.
    pub fn full() -> Self {
        Self {
            deploys: 20,
            rate: 500,
            websockets: 20,
            slow_clients: 5,
            replicas: 1,
            strategy: None,
            drain_seconds: 10,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Report {
    /// What the clients saw.
    pub load: LoadReport,
    /// How long each deployment took.
    pub deploys: Vec<Duration>,
    /// The versions that answered, each with its requests.
    pub versions: usize,
}

/// Makes an app, deploys it, and deploys it again and again while clients use it. The
/// load goes on until the last old version is gone.
pub async fn gapless(longshore: &Longshore, api: &Api, parameters: &Parameters) -> Report {
    let repository = Repository::new("gapless")
        .file(
            "Dockerfile",
            "FROM python:3.11\nCOPY app.py version /\nCMD [\"python3\", \"/app.py\"]\n",
        )
        .file("app.py", ECHO)
        .file("version", "0");
    repository.commit("Version 0");
    let git = GitHttp::start(repository.root()).await;
    let environment = api.project("Gapless").await;
    let service = api
        .app(&environment, "gapless", &git.url("gapless"), 8080)
        .await;
    let mut run = json!({
        "replicas": parameters.replicas,
        "drain_seconds": parameters.drain_seconds,
        "stop_grace_seconds": 2,
    });
    if let Some(strategy) = parameters.strategy {
        run["strategy"] = json!(strategy);
    }
    let path = format!("/services/{service}");
    api.patch(&path, json!({ "run": run })).await.expect(200);
    api.domain(&service, HOST).await;
    api.deploy_live(&service).await;
    longshore.shows(HOST, "0").await;

    let mut load = Load::requests(longshore.http_port(), HOST, parameters.rate);
    load.slow_clients = parameters.slow_clients;
    load.websockets = parameters.websockets;
    load.websocket_session = Duration::from_secs(u64::from(parameters.drain_seconds)) / 2;
    let load = load.start();
    let mut deploys = Vec::new();
    for version in 1..=parameters.deploys {
        repository.write("version", &version.to_string());
        repository.commit(&format!("Version {version}"));
        let begun = Instant::now();
        api.deploy_live(&service).await;
        deploys.push(begun.elapsed());
    }
    one_version_is_left(longshore, &service, parameters.replicas).await;
    let load = load.stop().await;
    Report {
        versions: load.texts.len(),
        load,
        deploys,
    }
}

/// Waits until the versions that drained are gone.
async fn one_version_is_left(longshore: &Longshore, service: &str, replicas: u32) {
    let label = format!("label={}.service={service}", longshore.instance());
    wait::until("the old versions' end", LIMIT, || async {
        let list = Command::new("docker")
            .args(["ps", "--quiet", "--filter", &label])
            .output()
            .await
            .expect("docker");
        let containers = String::from_utf8_lossy(&list.stdout).lines().count();
        (containers == replicas as usize).then_some(())
    })
    .await;
}
