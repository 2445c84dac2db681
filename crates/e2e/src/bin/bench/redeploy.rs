//! From a push to the first answer of the new version, and back, against the bare commands.

use std::time::Duration;

use longshore_e2e::api::id_of;
use longshore_e2e::apps;
use longshore_testkit::git::Repository;
use serde_json::Value;

use crate::app::App;
use crate::bare::{Bare, Fetch};
use crate::measure::median;
use crate::report::Report;

const ROUNDS: usize = 7;
const LARGE_ROUNDS: usize = 3;
/// Until the version before has gone: it would take part in the next measurement.
const REST: Duration = Duration::from_secs(16);
/// The size of the large repository.
const FILES: usize = 20_000;
const COMMITS: usize = 2_000;

/// Redeploys of a tiny app by webhook, and by hand, in turns.
pub async fn tiny(report: &mut Report) {
    let greeter = apps::greeter("v0");
    let app = App::start(&greeter).await;
    let mut bare = Bare::new(&app.url, Fetch::Update);
    bare.deploy();
    let (mut ours, mut theirs, mut answers, mut stages) = (vec![], vec![], vec![], vec![]);
    for round in 1..=ROUNDS {
        tokio::time::sleep(REST).await;
        let version = format!("v{round}.");
        let commit = apps::release(&greeter, &version);
        theirs.push(bare.deploy());
        bare.retire();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let push = app.push(&commit, &version).await;
        ours.push(push.shown);
        answers.push(push.answered);
        stages.push(push.deployment);
    }
    print_stages(report, &stages);
    let what = "git fetch + docker build + docker service create";
    compare(report, what, &ours, &theirs, 1.15);
    let answered = median(&answers).as_secs_f64() * 1e3;
    report.bounded("answer to the webhook, median", answered, 50.0, "ms");
}

/// Rolling back, against creating a service of an image that is there.
pub async fn rollback(report: &mut Report) {
    let greeter = apps::greeter("v0.");
    let app = App::start(&greeter).await;
    let mut bare = Bare::new(&app.url, Fetch::Update);
    bare.deploy();
    let commit = apps::release(&greeter, "v1.");
    let mut deployments = vec![(app.push(&commit, "v1.").await.deployment, "v1.")];
    let commit = apps::release(&greeter, "v2.");
    deployments.push((app.push(&commit, "v2.").await.deployment, "v2."));
    let (mut ours, mut theirs) = (vec![], vec![]);
    for round in 0..ROUNDS {
        tokio::time::sleep(REST).await;
        theirs.push(bare.again());
        bare.retire();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let (deployment, version) = &deployments[round % 2];
        ours.push(app.roll_back(&id_of(deployment), version).await);
    }
    let what = "docker service create of an image that is there";
    compare(report, what, &ours, &theirs, 1.2);
}

/// A change of one line in a large repository, against a shallow clone.
pub async fn large(report: &mut Report) {
    let repository = large_repository();
    let app = App::start(&repository).await;
    let mut bare = Bare::new(&app.url, Fetch::ShallowClone);
    bare.deploy();
    let (mut ours, mut theirs, mut stages) = (vec![], vec![], vec![]);
    for round in 1..=LARGE_ROUNDS {
        tokio::time::sleep(REST).await;
        let version = format!("v{round}.");
        let commit = apps::release(&repository, &version);
        theirs.push(bare.deploy());
        bare.retire();
        tokio::time::sleep(Duration::from_secs(2)).await;
        let push = app.push(&commit, &version).await;
        ours.push(push.shown);
        stages.push(push.deployment);
    }
    print_stages(report, &stages);
    let what = "git clone --depth 1 + docker build + docker service create";
    compare(report, what, &ours, &theirs, 0.7);
}

/// The greeter among many files, after many commits.
fn large_repository() -> Repository {
    let repository = apps::greeter("v0");
    // As most Dockerfiles do, this one takes the whole context.
    let dockerfile = "FROM busybox:latest\nCOPY . /src\nRUN cp /src/start /src/version /\n\
                      CMD [\"sh\", \"/start\"]\n";
    repository.write("Dockerfile", dockerfile);
    for file in 0..FILES {
        let text = format!("file {file}\n").repeat(20);
        repository.write(&format!("tree/{}/{file}.txt", file % 200), &text);
    }
    repository.commit("Many files");
    for commit in 0..COMMITS {
        repository.write("counter", &commit.to_string());
        repository.git(&["add", "counter"]);
        repository.git(&["commit", "--quiet", "--message", "One more"]);
    }
    repository
}

fn compare(report: &mut Report, what: &str, ours: &[Duration], theirs: &[Duration], bound: f64) {
    let (ours, theirs) = (median(ours).as_secs_f64(), median(theirs).as_secs_f64());
    report.value(what, theirs, "s");
    report.value(
        "Longshore, to the first answer through the proxy",
        ours,
        "s",
    );
    report.bounded("ratio of the two medians", ours / theirs, bound, "x");
}

fn print_stages(report: &Report, deployments: &[Value]) {
    for stage in [
        "queued",
        "fetching",
        "building",
        "starting",
        "verifying",
        "switching",
    ] {
        let times: Vec<Duration> = deployments
            .iter()
            .filter_map(|deployment| deployment["timings_ms"][stage].as_u64())
            .map(Duration::from_millis)
            .collect();
        if !times.is_empty() {
            let time = median(&times).as_secs_f64() * 1e3;
            report.value(&format!("  {stage}"), time, "ms");
        }
    }
}
