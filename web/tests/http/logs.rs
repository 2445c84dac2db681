//! Logs, as events to follow and as text.

use axum::body::Body;
use longshore_control::LogLine;
use longshore_control::work::Outcome;
use longshore_domain::DeploymentId;
use serde_json::Value;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::things::Things;
use crate::world::{Answer, Person, World, request};

#[derive(Debug, PartialEq)]
struct Event {
    kind: String,
    id: String,
    data: String,
}

fn events(answer: &Answer) -> Vec<Event> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/event-stream");
    answer
        .text()
        .split("\n\n")
        .filter(|block| block.contains("event:"))
        .map(|block| {
            let field = |name: &str| {
                let mut lines = block.lines();
                let line = lines.find_map(|line| line.strip_prefix(name));
                line.unwrap_or_default().trim().to_owned()
            };
            Event {
                kind: field("event:"),
                id: field("id:"),
                data: field("data:"),
            }
        })
        .collect()
}

fn texts(events: &[Event]) -> Vec<String> {
    let lines = events.iter().filter(|event| event.kind == "line");
    lines
        .map(|line| {
            let data: Value = serde_json::from_str(&line.data).unwrap();
            assert!(data["at"].is_string() && data["stream"].is_string());
            data["text"].as_str().unwrap().to_owned()
        })
        .collect()
}

async fn follow(world: &World, person: &Person, path: &str, last: Option<&str>) -> Answer {
    let mut builder = request("GET", path)
        .header("cookie", &person.cookie)
        .header("accept", "text/event-stream")
        .header("accept-encoding", "gzip, br");
    if let Some(last) = last {
        builder = builder.header("last-event-id", last);
    }
    world.send(builder.body(Body::empty()).unwrap()).await
}

fn log_of(id: DeploymentId) -> String {
    format!("/api/v1/deployments/{id}/log")
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn an_ended_deployments_log_is_replayed_from_where_one_was(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let path = log_of(things.live);

    let answer = follow(&world, &owner, &path, None).await;
    assert_eq!(
        answer.header("content-encoding"),
        "",
        "events must not wait in a compressor"
    );
    let all = events(&answer);
    assert_eq!(texts(&all), ["first line", "second line"]);
    let kinds: Vec<&str> = all.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["line", "line", "status", "end"]);
    assert_eq!((all[0].id.as_str(), all[1].id.as_str()), ("2", "3"));
    let status: Value = serde_json::from_str(&all[2].data).unwrap();
    assert_eq!(status["status"], "live");

    for (path, last, expected) in [
        (path.clone(), Some("2"), vec!["second line"]),
        (path.clone(), Some("3"), vec![]),
        (format!("{path}?after=2"), None, vec!["second line"]),
        (format!("{path}?after=2"), Some("3"), vec![]),
        (format!("{path}?tail=1"), None, vec!["second line"]),
        (
            format!("{path}?tail=100"),
            None,
            vec!["first line", "second line"],
        ),
    ] {
        let all = events(&follow(&world, &owner, &path, last).await);
        assert_eq!(texts(&all), expected, "{path} {last:?}");
        assert_eq!(all.last().unwrap().kind, "end");
    }
    let text = world.visit(&owner.cookie, &path).await;
    assert!(text.header("content-type").starts_with("text/plain"));
    assert_eq!(text.text(), "first line\nsecond line\n");
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_running_deployments_log_is_followed_to_its_end(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let worker = Uuid::now_v7();
    let claimed = world.claim(worker).await;
    world.log(claimed.id, worker, 2, &["early"]).await;
    let path = log_of(claimed.id);
    let working = async {
        world
            .log(
                claimed.id,
                worker,
                3,
                &["\u{1b}[31mred\u{1b}[0m", "late\rer"],
            )
            .await;
        let many: Vec<String> = (0..1200).map(|number| format!("line {number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        world.log(claimed.id, worker, 5, &many).await;
        let cancelled = Outcome::Cancelled;
        world
            .control
            .finish(claimed.id, worker, cancelled)
            .await
            .unwrap();
    };
    let (answer, ()) = tokio::join!(follow(&world, &owner, &path, None), working);
    let all = events(&answer);
    let lines = texts(&all);
    assert_eq!(lines.len(), 1203);
    assert_eq!(lines[1], "\u{1b}[31mred\u{1b}[0m");
    assert_eq!(lines[1202], "line 1199");
    let last = all.last().unwrap();
    assert_eq!(
        (last.kind.as_str(), last.data.as_str()),
        ("end", "cancelled")
    );
    assert_eq!(claimed.id, things.waiting);
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn a_services_log_comes_from_the_agent(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    *world.agent.lines.lock().unwrap() = (1..=5)
        .map(|sequence| LogLine {
            sequence,
            at: OffsetDateTime::now_utc(),
            stream: "stdout",
            text: format!("container {sequence}"),
        })
        .collect();
    let path = format!("/api/v1/services/{}/log", things.service);
    let all = events(&follow(&world, &owner, &path, Some("3")).await);
    assert_eq!(texts(&all), ["container 4", "container 5"]);
    assert_eq!(all.last().unwrap().kind, "end");
    let text = world.visit(&owner.cookie, &format!("{path}?tail=2")).await;
    assert_eq!(text.text(), "container 4\ncontainer 5\n");
}
