//! A hundred pushes in ten seconds: the newest wins, and little is built.
//!
//! Runs alone: a hundred pushes within ten seconds are measured.

use std::collections::BTreeMap;
use std::time::Duration;

use longshore_e2e::apps;
use longshore_e2e::hook::Hook;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::wait;
use tokio::time::MissedTickBehavior;

const HOST: &str = "storm.example.test";
const PUSHES: usize = 100;
const LIMIT: Duration = Duration::from_mins(2);
const WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_pushes_at_most_two_are_deployed_and_the_last_is_live() {
    let longshore = Longshore::start_alone().await;
    let api = longshore.api();
    // A build lasts longer than the storm, and none is known from an earlier run.
    let text = |number: usize| format!("{} version {number}.", longshore.instance());
    let app = Repository::new("storm")
        .file(
            "Dockerfile",
            "FROM busybox:latest\nCOPY version /www/index.html\nRUN sleep 12\n\
             CMD [\"httpd\", \"-f\", \"-p\", \"8080\", \"-h\", \"/www\"]\n",
        )
        .file("version", &text(0));
    app.commit("Version 0");
    let git = GitHttp::start(app.root()).await;
    let environment = api.project("Storm").await;
    let service = api
        .app(&environment, "storm", &git.url("storm"), apps::PORT)
        .await;
    api.domain(&service, HOST).await;
    api.deploy_live(&service).await;
    let hook = Hook::make(&api, &service).await;

    let commits: Vec<String> = (1..=PUSHES)
        .map(|number| apps::release(&app, &text(number)))
        .collect();
    let mut pace = tokio::time::interval(WITHIN / u32::try_from(PUSHES).expect("a number"));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for commit in &commits {
        pace.tick().await;
        let accepted = hook.push(&api, commit).await;
        assert!(accepted["deployments"][0].is_string() || accepted["deployments"][0].is_object());
    }
    wait::until("the last version", LIMIT, || async {
        let (_, page) = longshore.visit(HOST, "/").await;
        page.contains(&text(PUSHES)).then_some(())
    })
    .await;

    // The newest ones: those of the storm.
    let path = format!("/services/{service}/deployments?limit={PUSHES}");
    let list = wait::until("the end of all", Duration::from_secs(30), || async {
        let list = api.get(&path).await.expect(200);
        let list = list["items"].as_array().expect("a list").clone();
        let is_over = |status: &str| ["live", "retired", "superseded"].contains(&status);
        list.iter()
            .all(|one| one["status"].as_str().is_some_and(is_over))
            .then_some(list)
    })
    .await;
    let mut counts = BTreeMap::new();
    for one in &list {
        let status = one["status"].as_str().expect("a status");
        *counts.entry(status).or_insert(0) += 1;
    }
    eprintln!("{PUSHES} pushes: {counts:?}");
    assert_eq!(list.len(), PUSHES, "{counts:?}");
    assert_eq!(counts["superseded"], PUSHES - 2, "{counts:?}");
    assert_eq!(counts["live"], 1, "{counts:?}");
    let live = list.iter().find(|one| one["status"] == "live");
    assert_eq!(
        live.expect("a live one")["commit"]["sha"],
        commits[PUSHES - 1].as_str()
    );
}
