//! From a push to the first answer of the new version, against the bare commands.

use std::time::{Duration, Instant};

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::apps;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::GitHttp;
use longshore_testkit::webhook::{github_push, github_signature};
use serde_json::{Value, json};

use crate::bare::Bare;
use crate::measure::median;
use crate::report::Report;

const HOST: &str = "greeter.example.test";
const ROUNDS: usize = 7;
/// Until the version before has gone: it would take part in the next measurement.
const REST: Duration = Duration::from_secs(16);
/// The longest that a version may take to show up.
const LIMIT: Duration = Duration::from_mins(1);

/// Redeploys of a tiny app by webhook, and by hand, in turns.
pub async fn run(report: &mut Report) {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let greeter = apps::greeter("v0");
    let git = GitHttp::start(greeter.root()).await;
    let url = git.url("greeter");
    let environment = api.project("Benchmark").await;
    let service = api.app(&environment, "greeter", &url, apps::PORT).await;
    api.domain(&service, HOST).await;
    api.deploy_live(&service).await;
    let hook = api
        .post(&format!("/services/{service}/webhook"), json!({}))
        .await;
    let mut bare = Bare::new(&url);
    bare.deploy();

    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    let mut hooks = Vec::new();
    let mut stages: Vec<Value> = Vec::new();
    for round in 1..=ROUNDS {
        tokio::time::sleep(REST).await;
        let version = format!("v{round}.");
        let commit = apps::release(&greeter, &version);
        theirs.push(bare.deploy());
        bare.retire();
        tokio::time::sleep(Duration::from_secs(2)).await;

        let push = github_push("main", &commit, "A push");
        let start = Instant::now();
        let deployment = deliver(&api, &hook.body, push, &format!("b-{round}")).await;
        hooks.push(start.elapsed());
        first_answer(&longshore, &version, start).await;
        ours.push(start.elapsed());
        stages.push(ended(&api, &deployment).await);
    }

    let (ours, theirs) = (median(&ours).as_secs_f64(), median(&theirs).as_secs_f64());
    for stage in [
        "queued",
        "fetching",
        "building",
        "starting",
        "verifying",
        "switching",
    ] {
        let times: Vec<Duration> = stages
            .iter()
            .filter_map(|deployment| deployment["timings_ms"][stage].as_u64())
            .map(Duration::from_millis)
            .collect();
        if !times.is_empty() {
            let time = median(&times).as_secs_f64() * 1e3;
            report.value(&format!("  {stage}"), time, "ms");
        }
    }
    report.value(
        "git fetch + docker build + docker service create",
        theirs,
        "s",
    );
    report.value("webhook to the first answer of the new version", ours, "s");
    report.bounded("ratio of the two medians", ours / theirs, 1.15, "x");
    let answered = median(&hooks).as_secs_f64() * 1e3;
    report.bounded("answer to the webhook, median", answered, 50.0, "ms");
}

/// Sends a signed push and gives the id of the deployment that it made.
async fn deliver(api: &Api, hook: &Value, push: Vec<u8>, delivery: &str) -> String {
    let signature = github_signature(hook["secret"].as_str().expect("a secret"), &push);
    let headers = [
        ("x-github-event", "push"),
        ("x-github-delivery", delivery),
        ("x-hub-signature-256", signature.as_str()),
    ];
    let url = hook["url"].as_str().expect("a URL");
    let accepted = api.deliver(url, &headers, push).await.expect(202);
    let deployment = &accepted["deployments"][0];
    deployment
        .as_str()
        .map_or_else(|| id_of(deployment), str::to_owned)
}

async fn first_answer(longshore: &Longshore, version: &str, start: Instant) {
    let client = reqwest::Client::new();
    let url = format!("http://127.0.0.1:{}/", longshore.http_port());
    loop {
        let answer = client.get(&url).header("host", HOST).send().await;
        if let Ok(answer) = answer
            && answer.text().await.is_ok_and(|page| page.contains(version))
        {
            return;
        }
        assert!(start.elapsed() < LIMIT, "{version} does not show up");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn ended(api: &Api, deployment: &str) -> Value {
    let path = format!("/deployments/{deployment}");
    loop {
        let now = api.get(&path).await.expect(200);
        if now["status"] == "live" {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
