//! When builds begin: free disk, and one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use longshore_agent_api::{JobEvent, JobEventKind, JobOutcome, Origin};
use longshore_domain::{FailureKind, ServiceId, Stage};

use super::agent::{Running, config, job};
use super::machine::{Behaviour, FLOOR, Simulated};

fn says(event: &JobEvent, start: &str) -> bool {
    matches!(&event.kind, JobEventKind::Line { text, .. } if text.starts_with(start))
}

async fn wait_for_line(agent: &Running, job: &longshore_agent_api::DeployJob, start: &str) {
    let events = agent.events_until(job.deployment, 0, |event| says(event, start));
    let events = tokio::time::timeout(Duration::from_secs(10), events)
        .await
        .expect("the line does not come");
    assert!(says(events.last().unwrap(), start), "{events:?}");
}

fn is_live(outcome: &JobOutcome) -> bool {
    matches!(outcome, JobOutcome::Live { .. })
}

#[tokio::test]
async fn a_build_waits_for_disk_and_goes_on_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set_free_disk(FLOOR / 2, FLOOR / 2);
    let agent = Running::start(directory.path(), &machine);
    let job = job(ServiceId::generate(), 1);
    agent.put_ok(&job).await;
    let line = "Waits for free disk: 500.0 MB of disk are free at /data, and builds need 1.0 GB.";
    wait_for_line(&agent, &job, line).await;
    assert_eq!(*machine.most_builds.borrow(), 0);
    assert_eq!(machine.calls(), ["make room"]);
    machine.set_free_disk(FLOOR, FLOOR);
    assert!(is_live(&agent.outcome(job.deployment).await));
    wait_for_line(&agent, &job, "There is enough free disk again").await;
    agent.stop().await;
}

#[tokio::test]
async fn room_that_can_be_made_holds_nobody_up() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set_free_disk(1, FLOOR);
    let agent = Running::start(directory.path(), &machine);
    let job = job(ServiceId::generate(), 1);
    agent.put_ok(&job).await;
    assert!(is_live(&agent.outcome(job.deployment).await));
    wait_for_line(&agent, &job, "There was too little free disk").await;
    agent.stop().await;
}

#[tokio::test]
async fn what_needs_no_build_does_not_wait_for_disk() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set_free_disk(1, 1);
    let agent = Running::start(directory.path(), &machine);
    let mut rollback = job(ServiceId::generate(), 2);
    rollback.origin = Origin::Existing {
        image: "app:1".to_owned(),
        digest: "sha256:1234".to_owned(),
    };
    agent.put_ok(&rollback).await;
    assert!(is_live(&agent.outcome(rollback.deployment).await));
    machine.set_built_before();
    let unchanged = job(ServiceId::generate(), 1);
    agent.put_ok(&unchanged).await;
    assert!(is_live(&agent.outcome(unchanged.deployment).await));
    assert!(!machine.calls().contains(&"make room".to_owned()));
    agent.stop().await;
}

#[tokio::test]
async fn a_disk_that_stays_full_fails_the_deployment_with_advice() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set_free_disk(FLOOR / 4, FLOOR / 4);
    let mut config = config(directory.path());
    config.disk_wait_seconds = 1;
    let agent = Running::start_with(config, &machine);
    let job = job(ServiceId::generate(), 1);
    agent.put_ok(&job).await;
    let JobOutcome::Failed { failure } = agent.outcome(job.deployment).await else {
        panic!("it did not fail");
    };
    assert_eq!(failure.kind, FailureKind::DiskFull);
    assert_eq!(failure.stage, Some(Stage::Building));
    assert!(failure.message.contains("250.0 MB are free"), "{failure:?}");
    assert!(failure.message.contains("deploy again"), "{failure:?}");
    agent.stop().await;
}

#[tokio::test]
async fn waiting_for_disk_or_a_turn_is_cancelled_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let mut config = config(directory.path());
    config.build_concurrency = 1;
    machine.set(Stage::Building, Behaviour::Hang);
    let agent = Running::start_with(config, &machine);
    let jobs: Vec<_> = (0..3).map(|_| job(ServiceId::generate(), 1)).collect();
    agent.put_ok(&jobs[0]).await;
    machine.wait_for_stage(Stage::Building).await;
    agent.put_ok(&jobs[1]).await;
    wait_for_line(&agent, &jobs[1], "Waits for another build").await;
    machine.set_free_disk(1, 1);
    agent.put_ok(&jobs[2]).await;
    wait_for_line(&agent, &jobs[2], "Waits for free disk").await;
    for waiting in &jobs[1..] {
        let asked = Instant::now();
        agent.cancel(waiting.deployment).await;
        let outcome = agent.outcome(waiting.deployment).await;
        assert_eq!(outcome, JobOutcome::Cancelled);
        assert!(asked.elapsed() < Duration::from_secs(1));
    }
    assert_eq!(*machine.most_builds.borrow(), 1);
    agent.cancel(jobs[0].deployment).await;
    agent.outcome(jobs[0].deployment).await;
    agent.stop().await;
}

#[tokio::test]
async fn builds_begin_in_the_order_in_which_they_asked() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let mut config = config(directory.path());
    config.build_concurrency = 1;
    machine.set(Stage::Building, Behaviour::Hang);
    let agent = Running::start_with(config, &machine);
    let first = job(ServiceId::generate(), 1);
    agent.put_ok(&first).await;
    machine.wait_for_stage(Stage::Building).await;
    let mut waiting = Vec::new();
    for number in 2..6 {
        let job = job(ServiceId::generate(), number);
        agent.put_ok(&job).await;
        wait_for_line(&agent, &job, "Waits for another build").await;
        waiting.push(job);
    }
    machine.set(Stage::Building, Behaviour::Succeed);
    agent.cancel(first.deployment).await;
    for job in &waiting {
        assert!(is_live(&agent.outcome(job.deployment).await));
    }
    assert_eq!(machine.built(), [1, 2, 3, 4, 5]);
    agent.stop().await;
}
