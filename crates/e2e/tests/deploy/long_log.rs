//! A log of two hundred thousand lines while the server is killed again and again.

use std::fmt::Write as _;
use std::time::Duration;

use longshore_e2e::api::id_of;
use longshore_e2e::apps;
use longshore_e2e::faults::Part;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::wait;
use serde_json::json;

const LINES: usize = 200_000;
const STEPS: usize = 5;
/// BuildKit cuts a step's log off when it is faster than 100 KiB a second or longer than 1 MiB.
const LINES_AT_ONCE: usize = 2_000;
const PAUSE: &str = "0.35";
const KILLS: usize = 3;
const LIMIT: Duration = Duration::from_mins(4);

#[tokio::test(flavor = "multi_thread")]
async fn no_line_of_a_build_is_missing_or_doubled_after_three_kills_of_the_server() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    // The build cache outlives a run; what was built in an earlier one would say nothing.
    let mut dockerfile = format!("FROM busybox:latest\n# {}\n", longshore.instance());
    dockerfile.push_str("COPY Dockerfile /www/index.html\n");
    let in_step = LINES / STEPS;
    for step in 0..STEPS {
        let (first, last) = (step * in_step, (step + 1) * in_step - 1);
        let _ = writeln!(
            dockerfile,
            "RUN for start in $(seq {first} {LINES_AT_ONCE} {last}); do \
             seq $start $((start + {LINES_AT_ONCE} - 1)) | sed 's/.*/number &./'; \
             sleep {PAUSE}; done"
        );
    }
    dockerfile.push_str("CMD [\"httpd\", \"-f\", \"-p\", \"8080\", \"-h\", \"/www\"]\n");
    let app = Repository::new("chatty").file("Dockerfile", &dockerfile);
    app.commit("Version 0");
    let git = GitHttp::start(app.root()).await;
    let environment = api.project("Chatty").await;
    let url = git.url("chatty");
    let service = api.app(&environment, "chatty", &url, apps::PORT).await;
    let path = format!("/services/{service}/deployments");
    let deployment = id_of(&api.post(&path, json!({})).await.expect(202));
    let path = format!("/deployments/{deployment}");

    for kill in 1..=KILLS {
        let wanted = kill * LINES / (KILLS + 1);
        wait::until("lines of the build", LIMIT, || async {
            let now = api.try_get(&path).await?;
            assert_ne!(now["status"], "failed", "{now:#}");
            let log = api.try_text(&format!("{path}/log")).await?;
            log.contains(&format!("number {wanted}.")).then_some(())
        })
        .await;
        Part::Server.kill(&longshore);
    }
    let ended = wait::until("the end", LIMIT, || async {
        let now = api.try_get(&path).await?;
        let status = now["status"].as_str().unwrap_or_default();
        ["live", "failed"].contains(&status).then_some(now)
    })
    .await;
    api.is_live(&ended).await;
    let log = api.text(&format!("{path}/log")).await;
    let numbers: Vec<usize> = log
        .lines()
        .filter_map(|line| {
            line.split("number ")
                .nth(1)?
                .strip_suffix('.')?
                .parse()
                .ok()
        })
        .collect();
    let wrong = (0..LINES).find(|&line| numbers.get(line) != Some(&line));
    assert_eq!(
        wrong,
        None,
        "around {:?}; {} lines",
        wrong.map(|line| &numbers[line.saturating_sub(2)..(line + 3).min(numbers.len())]),
        numbers.len()
    );
    assert_eq!(numbers.len(), LINES);
}
