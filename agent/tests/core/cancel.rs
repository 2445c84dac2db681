//! Cancellation, in every stage.

use std::sync::Arc;
use std::time::{Duration, Instant};

use longshore_agent_api::JobOutcome;
use longshore_domain::{ServiceId, Stage};

use super::agent::{Running, job};
use super::machine::{Behaviour, Simulated};

async fn cancel_in(stage: Stage, behaviour: Behaviour) {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(stage, behaviour);
    let agent = Running::start(directory.path(), &machine);
    let service = ServiceId::generate();
    machine.add_live(service, 1);
    let job = job(service, 2);
    agent.put_ok(&job).await;
    machine.wait_for_stage(stage).await;
    let asked = Instant::now();
    agent.cancel(job.deployment).await;
    assert_eq!(agent.outcome(job.deployment).await, JobOutcome::Cancelled);
    assert!(asked.elapsed() < Duration::from_millis(2500), "{stage:?}");
    assert_eq!(machine.running(service), [(1, 1)], "{stage:?}");
    assert_eq!(machine.live(service), Some(1), "{stage:?}");
    agent.stop().await;
}

#[tokio::test]
async fn a_job_can_be_cancelled_in_every_stage() {
    for stage in Stage::ALL {
        cancel_in(stage, Behaviour::Hang).await;
    }
}

#[tokio::test]
async fn a_stage_that_does_not_listen_is_left_after_two_seconds() {
    cancel_in(Stage::Building, Behaviour::IgnoreCancellation).await;
}

#[tokio::test]
async fn cancelling_what_has_ended_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let agent = Running::start(directory.path(), &machine);
    let job = job(ServiceId::generate(), 1);
    agent.put_ok(&job).await;
    let outcome = agent.outcome(job.deployment).await;
    agent.cancel(job.deployment).await;
    assert_eq!(agent.outcome(job.deployment).await, outcome);
    agent.stop().await;
}
