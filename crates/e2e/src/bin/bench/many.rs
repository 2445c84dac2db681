//! Two hundred services on one machine.

use std::time::{Duration, Instant};

use longshore_e2e::api::Api;
use longshore_e2e::apps;
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::wait;
use serde_json::json;

use crate::measure::{Process, median};
use crate::report::Report;

const SERVICES: usize = 200;
const DEPLOY_LIMIT: Duration = Duration::from_mins(20);
/// Longer than the watch window of the last deployment.
const QUIET: Duration = Duration::from_secs(65);
/// Several reconcile passes.
const WINDOW: Duration = Duration::from_secs(110);
const RESTARTS: usize = 5;

/// What a reconcile pass takes and what Longshore takes, with many services.
pub async fn run(report: &mut Report) {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let app = Repository::new("many").file(
        "Dockerfile",
        "FROM busybox:latest\nRUN mkdir /www && echo many >/www/index.html\n\
             CMD [\"httpd\", \"-f\", \"-p\", \"8080\", \"-h\", \"/www\"]\n",
    );
    app.commit("One of many");
    let git = GitHttp::start(app.root()).await;
    let environment = api.project("Many").await;
    let mut services = Vec::new();
    for number in 0..SERVICES {
        let name = format!("many-{number}");
        let service = api
            .app(&environment, &name, &git.url("many"), apps::PORT)
            .await;
        // Docker's own work for so many checks is not what is measured.
        let run = json!({ "run": { "health": { "probe": "tcp", "interval_seconds": 60 } } });
        let path = format!("/services/{service}");
        api.patch(&path, run).await.expect(200);
        api.domain(&service, &format!("{name}.example.test")).await;
        services.push(service);
    }
    for service in &services {
        let path = format!("/services/{service}/deployments");
        api.post(&path, json!({})).await.expect(202);
    }
    let start = Instant::now();
    for service in &services {
        wait::until("a live service", DEPLOY_LIMIT, || is_live(&api, service)).await;
    }
    let deployed = start.elapsed().as_secs_f64();
    report.value("200 deployments, from the queue to live", deployed, "s");
    tokio::time::sleep(QUIET).await;
    let folder = longshore.folder();
    let server = Process::find(folder, "longshore", &["serve"]);
    let agent = Process::find(folder, "longshore-agent", &[]);
    let (count_before, seconds_before) = passes(&longshore).await;
    let before = server.seconds() + agent.seconds();
    tokio::time::sleep(WINDOW).await;
    let used = server.seconds() + agent.seconds() - before;
    let (count, seconds) = passes(&longshore).await;
    let passes = count - count_before;
    assert!(passes >= 3.0, "{passes} passes");
    let pass = (seconds - seconds_before) / passes;
    report.bounded("reconcile pass over 200 services, mean", pass, 1.0, "s");
    let percent = used / WINDOW.as_secs_f64() * 100.0;
    report.bounded(
        "server + agent, share of one core while idle",
        percent,
        1.0,
        "%",
    );
    let back = proxy_restarts(&longshore).await.as_secs_f64();
    report.bounded("killed proxy until it answers, median of 5", back, 2.0, "s");
    let memory = server.megabytes() + agent.megabytes();
    report.value("server + agent, PSS", memory, "MB");
}

/// How long nobody is answered when the proxy is killed so that Longshore has to start it.
async fn proxy_restarts(longshore: &Longshore) -> Duration {
    let proxy = format!("{}-proxy", longshore.instance());
    let host = format!("many-{}.example.test", SERVICES - 1);
    let mut times = Vec::new();
    for _ in 0..RESTARTS {
        docker(&["kill", &proxy]);
        let start = Instant::now();
        while longshore.visit(&host, "/").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        times.push(start.elapsed());
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    median(&times)
}

async fn is_live(api: &Api, service: &str) -> Option<()> {
    let path = format!("/services/{service}/deployments?limit=1");
    let list = api.get(&path).await.expect(200);
    let newest = &list["items"][0];
    assert_ne!(newest["status"], "failed", "{newest:#}");
    (newest["status"] == "live").then_some(())
}

/// How many reconcile passes there were, and how long they took together.
async fn passes(longshore: &Longshore) -> (f64, f64) {
    let answer = reqwest::get(format!("{}/metrics", longshore.url())).await;
    let text = answer.expect("an answer").text().await.expect("a text");
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.trim().parse::<f64>().ok());
        number.unwrap_or_else(|| panic!("no {name} in\n{text}"))
    };
    (
        value("longshore_reconcile_seconds_count"),
        value("longshore_reconcile_seconds_sum"),
    )
}
