//! Jobs that run to their end.

use std::sync::Arc;

use longshore_agent_api::{JobEventKind, JobOutcome, JobState, Origin};
use longshore_domain::{FailureKind, ServiceId, Stage, Strategy};
use reqwest::StatusCode;

use super::agent::{Running, assert_unbroken, job};
use super::machine::{Behaviour, SHA, Simulated};

#[tokio::test]
async fn a_job_goes_through_all_stages_and_the_old_version_drains() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let agent = Running::start(directory.path(), &machine);
    let service = ServiceId::generate();
    machine.add_live(service, 1);
    let job = job(service, 2);
    agent.put_ok(&job).await;
    let events = agent.events(job.deployment, 0).await;
    assert_unbroken(&events);
    let finished: Vec<Stage> = events
        .iter()
        .filter_map(|event| match event.kind {
            JobEventKind::StageFinished { stage, .. } => Some(stage),
            _ => None,
        })
        .collect();
    assert_eq!(finished, Stage::ALL);
    let commit = JobEventKind::Commit {
        sha: SHA.parse().unwrap(),
        subject: "a commit by [redacted]".to_owned(),
        author: "Ada".to_owned(),
    };
    assert!(events.iter().any(|event| event.kind == commit));
    assert_eq!(
        events.last().unwrap().kind,
        JobEventKind::Finished {
            outcome: JobOutcome::Live {
                image: "app:2".to_owned(),
                digest: "sha256:1234".to_owned(),
            }
        }
    );
    machine.wait_for_versions(service, &[2]).await;
    assert_eq!(machine.live(service), Some(2));
    let work = directory.path().join("data/agent/work");
    assert_eq!(std::fs::read_dir(work).unwrap().count(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn a_failure_in_any_stage_leaves_the_old_version_alone() {
    for stage in Stage::ALL {
        let directory = tempfile::tempdir().unwrap();
        let machine = Arc::new(Simulated::default());
        machine.set(
            stage,
            Behaviour::Fail(FailureKind::HealthCheck, "it is ill"),
        );
        let agent = Running::start(directory.path(), &machine);
        let service = ServiceId::generate();
        machine.add_live(service, 1);
        let job = job(service, 2);
        agent.put_ok(&job).await;
        let JobOutcome::Failed { failure } = agent.outcome(job.deployment).await else {
            panic!("{stage:?} did not fail the job");
        };
        assert_eq!(failure.stage, Some(stage));
        assert_eq!(failure.kind, FailureKind::HealthCheck);
        assert_eq!(failure.message, "it is ill");
        assert_eq!(machine.running(service), [(1, 1)], "{stage:?}");
        assert_eq!(machine.live(service), Some(1), "{stage:?}");
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_panic_in_a_stage_fails_the_job_alone() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Building, Behaviour::Panic);
    let agent = Running::start(directory.path(), &machine);
    let job = job(ServiceId::generate(), 1);
    agent.put_ok(&job).await;
    let JobOutcome::Failed { failure } = agent.outcome(job.deployment).await else {
        panic!("it did not fail");
    };
    assert_eq!(failure.kind, FailureKind::Internal);
    agent.stop().await;
}

#[tokio::test]
async fn a_stage_that_takes_too_long_names_itself_and_what_it_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Releasing, Behaviour::Hang);
    let agent = Running::start(directory.path(), &machine);
    let mut job = job(ServiceId::generate(), 1);
    job.limits.releasing = 1;
    agent.put_ok(&job).await;
    let JobOutcome::Failed { failure } = agent.outcome(job.deployment).await else {
        panic!("it did not fail");
    };
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(
        failure.message,
        "releasing took longer than 1 seconds; it was waiting at: releasing works"
    );
    agent.stop().await;
}

#[tokio::test]
async fn an_image_is_not_fetched_and_nothing_is_released_without_a_command() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let agent = Running::start(directory.path(), &machine);
    let mut job = job(ServiceId::generate(), 1);
    job.origin = Origin::Image {
        reference: "nginx:1".parse().unwrap(),
    };
    job.release_command = None;
    agent.put_ok(&job).await;
    agent.outcome(job.deployment).await;
    assert_eq!(
        machine.entered(),
        [
            Stage::Building,
            Stage::Starting,
            Stage::Verifying,
            Stage::Switching
        ]
    );
    agent.stop().await;
}

#[tokio::test]
async fn a_recreation_stops_the_old_version_first_and_starts_it_again_when_it_fails() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(
        Stage::Starting,
        Behaviour::Fail(FailureKind::CrashLoop, "it ends"),
    );
    let agent = Running::start(directory.path(), &machine);
    let service = ServiceId::generate();
    machine.add_live(service, 1);
    let mut job = job(service, 2);
    job.strategy = Strategy::Recreate;
    agent.put_ok(&job).await;
    agent.outcome(job.deployment).await;
    assert_eq!(
        machine.calls(),
        [
            "scale 1 to 0",
            "withdraw 2",
            "remove 2",
            "until gone 2",
            "scale 1 to 1"
        ]
    );
    assert_eq!(machine.running(service), [(1, 1)]);
    agent.stop().await;
}

#[tokio::test]
async fn nothing_goes_back_to_what_a_failed_deployment_left() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(
        Stage::Switching,
        Behaviour::Fail(FailureKind::SwitchFailed, "the proxy refuses it"),
    );
    let agent = Running::start(directory.path(), &machine);
    let service = ServiceId::generate();
    machine.add_live(service, 2);
    machine.add_live(service, 1);
    let mut job = job(service, 3);
    job.strategy = Strategy::Recreate;
    job.live_number = Some(1);
    agent.put_ok(&job).await;
    agent.outcome(job.deployment).await;
    assert_eq!(machine.live(service), Some(1));
    assert_eq!(machine.running(service), [(1, 1), (2, 0)]);
    agent.stop().await;
}

#[tokio::test]
async fn builds_wait_for_a_slot_and_one_service_has_one_job() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Building, Behaviour::Hang);
    let agent = Running::start(directory.path(), &machine);
    let jobs: Vec<_> = (0..3).map(|_| job(ServiceId::generate(), 1)).collect();
    for job in &jobs {
        agent.put_ok(job).await;
    }
    let waits = |event: &longshore_agent_api::JobEvent| matches!(&event.kind, JobEventKind::Line { text, .. } if text.starts_with("Waits for another build"));
    let first_waiting = futures_util::future::select_all(
        jobs.iter()
            .map(|job| Box::pin(agent.events_until(job.deployment, 0, waits))),
    );
    first_waiting.await;
    assert!(*machine.most_builds.borrow() <= 2);
    let rival = job(jobs[0].service, 2);
    let (status, text) = agent.put(&rival).await;
    assert_eq!(status, StatusCode::CONFLICT, "{text}");
    for job in &jobs {
        assert_eq!(agent.status(job.deployment).await.state, JobState::Running);
        agent.cancel(job.deployment).await;
        assert_eq!(agent.outcome(job.deployment).await, JobOutcome::Cancelled);
    }
    assert_eq!(*machine.most_builds.borrow(), 2);
    agent.stop().await;
}
