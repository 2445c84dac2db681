//! A release command runs once, also when the agent is killed while it runs.

use std::process::Command;
use std::time::Duration;

use longshore_e2e::api::id_of;
use longshore_e2e::apps;
use longshore_e2e::faults::Part;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::GitHttp;
use longshore_testkit::wait;
use serde_json::json;

const HOST: &str = "migrated.example.test";

#[tokio::test(flavor = "multi_thread")]
async fn a_release_command_runs_once_although_the_agent_is_killed() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let greeter = apps::greeter("one");
    let git = GitHttp::start(greeter.root()).await;
    let environment = api.project("Migrated").await;
    let service = api
        .app(&environment, "migrated", &git.url("greeter"), apps::PORT)
        .await;
    api.domain(&service, HOST).await;
    api.deploy_live(&service).await;

    let script = "echo begun as $(cat /proc/sys/kernel/random/uuid); \
                  for line in 1 2 3 4 5 6 7 8; do echo step $line; sleep 1; done; echo ended";
    let run = json!({ "run": { "release_command": ["sh", "-c", script] } });
    api.patch(&format!("/services/{service}"), run)
        .await
        .expect(200);
    apps::release(&greeter, "two");
    let path = format!("/services/{service}/deployments");
    let deployment = id_of(&api.post(&path, json!({})).await.expect(202));
    let log = format!("/deployments/{deployment}/log");
    let limit = Duration::from_mins(1);
    wait::until("the release command", limit, || async {
        api.text(&log).await.contains("step 2").then_some(())
    })
    .await;
    let before = containers(&longshore);
    assert_eq!(before.len(), 1, "{before:?}");
    Part::Agent.kill(&longshore);
    assert_eq!(
        longshore.visit(HOST, "/").await.0,
        200,
        "the old version serves"
    );

    let path = format!("/deployments/{deployment}");
    let ended = wait::until("the end", Duration::from_mins(2), || async {
        let now = containers(&longshore);
        assert!(now.is_empty() || now == before, "{now:?} beside {before:?}");
        let found = api.get(&path).await.expect(200);
        matches!(found["status"].as_str(), Some("live" | "failed")).then_some(found)
    })
    .await;
    api.is_live(&ended).await;
    longshore.shows(HOST, "greeter two").await;
    assert_eq!(containers(&longshore), Vec::<String>::new());
    let log = api.text(&log).await;
    for once in ["begun as", "step 1\n", "step 2\n", "step 8\n", "ended"] {
        assert_eq!(log.matches(once).count(), 1, "{once:?} in:\n{log}");
    }
}

/// The containers of release commands.
fn containers(longshore: &Longshore) -> Vec<String> {
    let label = format!("label={}.role=release", longshore.instance());
    let output = Command::new("docker")
        .args(["ps", "--all", "--quiet", "--filter", &label])
        .output()
        .expect("docker");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().map(str::to_owned).collect()
}
