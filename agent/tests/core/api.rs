//! The API over a real Unix socket.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use longshore_agent::agent::{Agent, AgentError};
use longshore_agent::api::SocketError;
use longshore_agent::tasks::Tasks;
use longshore_agent_api::{
    AgentInfo, AgentProblem, DesiredService, DesiredState, PROTOCOL_HEADER, PROTOCOL_VERSION,
    ReconcileReport, ServiceStatus,
};
use longshore_domain::{FailureKind, ServiceId};
use reqwest::{Method, StatusCode};

use super::agent::{Running, config, job};
use super::machine::Simulated;

#[tokio::test]
async fn only_one_agent_works_with_a_directory_and_a_dead_ones_socket_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    std::fs::write(directory.path().join("agent.sock"), "left behind").unwrap();
    let agent = Running::start(directory.path(), &machine);
    let mode = std::fs::metadata(agent.socket())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o660);
    let second = Agent::start(config(directory.path()), machine.clone(), Tasks::new());
    assert!(matches!(
        second.err(),
        Some(AgentError::Socket(SocketError::Taken(_)))
    ));
    agent.stop().await;
}

#[tokio::test]
async fn a_group_that_does_not_exist_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.socket_group = Some("no-such-group".to_owned());
    let refused = Agent::start(config, Arc::new(Simulated::default()), Tasks::new()).err();
    assert!(matches!(
        refused,
        Some(AgentError::Socket(SocketError::UnknownGroup(group))) if group == "no-such-group"
    ));
}

#[tokio::test]
async fn the_protocol_version_is_demanded_and_stated() {
    let directory = tempfile::tempdir().unwrap();
    let agent = Running::start(directory.path(), &Arc::default());
    let path = format!("/v1/services/{}", ServiceId::generate());
    let without = agent.bare(Method::GET, &path).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::UPGRADE_REQUIRED);
    let other = agent
        .bare(Method::GET, &path)
        .header(PROTOCOL_HEADER, "999")
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), StatusCode::UPGRADE_REQUIRED);
    let problem: AgentProblem = other.json().await.unwrap();
    assert!(problem.message.contains("999"), "{}", problem.message);
    let info = agent.bare(Method::GET, "/v1/info").send().await.unwrap();
    assert_eq!(
        info.headers()[PROTOCOL_HEADER],
        PROTOCOL_VERSION.to_string().as_str()
    );
    let info: AgentInfo = info.json().await.unwrap();
    assert!(info.proxy_ready && info.swarm_ready);
    assert!(info.memory_total_bytes > 0 && info.disk_total_bytes > 0);
    agent.stop().await;
}

#[tokio::test]
async fn bad_requests_get_a_problem() {
    let directory = tempfile::tempdir().unwrap();
    let agent = Running::start(directory.path(), &Arc::default());
    let job = job(ServiceId::generate(), 1);
    let known = format!("/v1/jobs/{}", job.deployment);
    let cases = [
        (agent.call(Method::GET, &known), StatusCode::NOT_FOUND),
        (agent.call(Method::DELETE, &known), StatusCode::NOT_FOUND),
        (
            agent.call(Method::GET, &format!("{known}/events")),
            StatusCode::NOT_FOUND,
        ),
        (
            agent.call(Method::POST, &format!("{known}/forget")),
            StatusCode::NOT_FOUND,
        ),
        (agent.call(Method::GET, "/v1/jobs/x"), StatusCode::NOT_FOUND),
        (
            agent.call(Method::GET, "/v2/anything"),
            StatusCode::NOT_FOUND,
        ),
        (
            agent.call(Method::POST, &known),
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            agent
                .call(Method::PUT, &known)
                .json(&serde_json::json!({"number": 1})),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (
            agent
                .call(Method::PUT, &known)
                .header("content-type", "application/json")
                .body("{"),
            StatusCode::BAD_REQUEST,
        ),
        (
            agent
                .call(Method::PUT, &known)
                .header("content-type", "application/json")
                .body("x".repeat(17 * 1024 * 1024)),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (
            agent
                .call(Method::PUT, "/v1/jobs/0197e2a0-0000-7000-8000-000000000000")
                .json(&job),
            StatusCode::BAD_REQUEST,
        ),
    ];
    for (request, expected) in cases {
        let answer = request.send().await.unwrap();
        let url = answer.url().clone();
        assert_eq!(answer.status(), expected, "{url}");
        let problem: AgentProblem = answer.json().await.unwrap();
        assert!(!problem.message.is_empty(), "{url}");
    }
    agent.stop().await;
}

#[tokio::test]
async fn an_ended_job_is_read_again_and_then_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let agent = Running::start(directory.path(), &Arc::default());
    let job = job(ServiceId::generate(), 1);
    agent.put_ok(&job).await;
    let events = agent.events(job.deployment, 0).await;
    let status = agent.put_ok(&job).await;
    assert_eq!(status.last_sequence, events.last().unwrap().sequence);
    agent.stop().await;

    let agent = Running::start(directory.path(), &Arc::default());
    assert_eq!(agent.events(job.deployment, 0).await, events);
    assert_eq!(agent.events(job.deployment, 3).await, events[3..]);
    let path = format!("/v1/jobs/{}/forget", job.deployment);
    let answer = agent.call(Method::POST, &path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let answer = agent.call(Method::POST, &path).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let journal = directory.path().join("data/agent/jobs");
    assert_eq!(std::fs::read_dir(journal).unwrap().count(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn services_are_shown_read_and_removed() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let agent = Running::start(directory.path(), &machine);
    let service = ServiceId::generate();
    machine.add_live(service, 7);
    let path = format!("/v1/services/{service}");
    let status: ServiceStatus = agent
        .call(Method::GET, &path)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(status.versions[0].number, 7);
    let log = agent
        .call(Method::GET, &format!("{path}/log?tail=2&follow=false"))
        .send()
        .await
        .unwrap();
    assert_eq!(log.headers()["content-type"], "text/event-stream");
    let log = log.text().await.unwrap();
    assert_eq!(log.matches("version 7 line").count(), 2);
    let removed = agent
        .call(Method::DELETE, &format!("{path}?volumes=true"))
        .send()
        .await
        .unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(machine.calls(), ["remove service, volumes true"]);
    agent.stop().await;
}

#[tokio::test]
async fn a_repository_that_cannot_be_read_gives_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let agent = Running::start(directory.path(), &Arc::default());
    let body = serde_json::json!({
        "repository": {"url": "https://git.example/app.git", "credentials": {"kind": "anonymous"}, "host_key": null},
        "branch": null,
    });
    let answer = agent
        .call(Method::POST, "/v1/repositories/check")
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let problem: AgentProblem = answer.json().await.unwrap();
    assert_eq!(problem.kind, FailureKind::CredentialsRefused);
    agent.stop().await;
}

#[tokio::test]
async fn what_is_not_desired_is_removed_and_the_rest_repaired() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let agent = Running::start(directory.path(), &machine);
    let (kept, gone) = (ServiceId::generate(), ServiceId::generate());
    machine.add_live(kept, 2);
    machine.add_live(kept, 1);
    machine.add_live(gone, 5);
    let work = directory.path().join("data/agent/work/left-behind");
    std::fs::create_dir(&work).unwrap();
    let desired = DesiredState {
        services: vec![DesiredService {
            service: kept,
            live_number: Some(2),
            replicas: 3,
            active_numbers: Vec::new(),
            routes: Vec::new(),
            kept_numbers: Vec::new(),
        }],
        ..DesiredState::default()
    };
    let report: ReconcileReport = agent
        .call(Method::PUT, "/v1/desired")
        .json(&desired)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(report.changes.len(), 5, "{report:?}");
    assert_eq!(report.problems, []);
    assert_eq!(machine.running(kept), [(2, 3)]);
    assert_eq!(machine.running(gone), []);
    assert_eq!(machine.live(kept), Some(2));
    assert!(!work.exists());
    agent.stop().await;
}
