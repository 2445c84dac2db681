//! Agents that are stopped and started again in the middle of a job.

use std::sync::Arc;

use longshore_agent_api::{JobEvent, JobEventKind, JobOutcome, JobState};
use longshore_domain::{ServiceId, Stage, Strategy};
use reqwest::StatusCode;

use super::agent::{Running, assert_unbroken, job, kill};
use super::machine::{Behaviour, SHA, Simulated};

#[tokio::test]
async fn a_job_goes_on_at_the_last_finished_stage_without_a_missing_or_doubled_event() {
    for stage in Stage::ALL {
        let directory = tempfile::tempdir().unwrap();
        let machine = Arc::new(Simulated::default());
        machine.set(Stage::Fetching, Behaviour::Say(2500));
        machine.set(stage, Behaviour::Hang);
        let service = ServiceId::generate();
        machine.add_live(service, 1);
        let job = job(service, 2);

        let agent = Running::start(directory.path(), &machine);
        agent.put_ok(&job).await;
        machine.wait_for_stage(stage).await;
        let is_begun = |event: &JobEvent| matches!(event.kind, JobEventKind::StageStarted { stage: begun } if begun == stage);
        let mut seen = agent.events_until(job.deployment, 0, is_begun).await;
        agent.stop().await;

        machine.set(stage, Behaviour::Succeed);
        machine.forget_stages();
        let agent = Running::start(directory.path(), &machine);
        assert_eq!(
            agent.status(job.deployment).await.state,
            JobState::Suspended
        );
        agent.put_ok(&job).await;
        let last = seen.last().map_or(0, |event| event.sequence);
        seen.extend(agent.events(job.deployment, last).await);
        assert_unbroken(&seen);
        let commits = seen
            .iter()
            .filter(|event| matches!(event.kind, JobEventKind::Commit { .. }))
            .count();
        assert_eq!(commits, 1);
        assert!(matches!(
            seen.last().unwrap().kind,
            JobEventKind::Finished {
                outcome: JobOutcome::Live { .. }
            }
        ));
        let expected: Vec<Stage> = Stage::ALL
            .into_iter()
            .filter(|each| *each >= stage)
            .collect();
        assert_eq!(machine.entered(), expected);
        machine.wait_for_versions(service, &[2]).await;
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_killed_agent_loses_and_doubles_no_line_that_was_seen() {
    for seen_at_kill in [1, 700, 12_345] {
        let directory = tempfile::tempdir().unwrap();
        let machine = Arc::new(Simulated::default());
        machine.set(Stage::Building, Behaviour::SayAndHang(20_000));
        let job = job(ServiceId::generate(), 1);
        let (agent, runtime) = Running::start_apart(directory.path(), &machine);
        agent.put_ok(&job).await;
        let enough = |event: &JobEvent| event.sequence >= seen_at_kill;
        let mut seen = agent.events_until(job.deployment, 0, enough).await;
        kill(agent, runtime).await;

        machine.set(Stage::Building, Behaviour::Say(100));
        let agent = Running::start(directory.path(), &machine);
        let last = seen[seen.len() - 1].sequence;
        assert!(agent.status(job.deployment).await.last_sequence >= last);
        agent.put_ok(&job).await;
        let replayed = agent.events_until(job.deployment, 0, |event| event.sequence == last);
        assert_eq!(replayed.await, seen);
        seen.extend(agent.events(job.deployment, last).await);
        assert_unbroken(&seen);
        agent.stop().await;
    }
}

#[tokio::test]
async fn a_torn_journal_is_mended_on_the_way() {
    use std::io::Write;

    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Building, Behaviour::Hang);
    let job = job(ServiceId::generate(), 1);
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&job).await;
    machine.wait_for_stage(Stage::Building).await;
    agent.stop().await;

    let path = directory
        .path()
        .join(format!("data/agent/jobs/{}/events", job.deployment));
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(b"{\"sequence\":9999,\"at").unwrap();
    machine.set(Stage::Building, Behaviour::Succeed);
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&job).await;
    assert!(matches!(
        agent.outcome(job.deployment).await,
        JobOutcome::Live { .. }
    ));
    agent.stop().await;
}

#[tokio::test]
async fn a_lost_work_tree_is_fetched_again_at_the_same_commit() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Building, Behaviour::Hang);
    let job = job(ServiceId::generate(), 1);
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&job).await;
    machine.wait_for_stage(Stage::Building).await;
    agent.stop().await;

    let work = directory.path().join("data/agent/work");
    std::fs::remove_dir_all(work.join(job.deployment.to_string())).unwrap();
    machine.set(Stage::Building, Behaviour::Succeed);
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&job).await;
    agent.outcome(job.deployment).await;
    assert_eq!(machine.commits_asked(), [None, Some(SHA.to_owned())]);
    agent.stop().await;
}

#[tokio::test]
async fn another_specification_does_not_take_a_job_up() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Building, Behaviour::Hang);
    let mut job = job(ServiceId::generate(), 1);
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&job).await;
    machine.wait_for_stage(Stage::Building).await;
    agent.stop().await;

    let agent = Running::start(directory.path(), &machine);
    job.replicas = 2;
    let (status, _) = agent.put(&job).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(
        agent.status(job.deployment).await.state,
        JobState::Suspended
    );
    agent.stop().await;
}

#[tokio::test]
async fn a_suspended_job_is_cancelled_without_its_specification() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Switching, Behaviour::Hang);
    let service = ServiceId::generate();
    machine.add_live(service, 1);
    let mut job = job(service, 2);
    job.strategy = Strategy::Recreate;
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&job).await;
    machine.wait_for_stage(Stage::Switching).await;
    agent.stop().await;
    assert_eq!(machine.running(service), [(1, 0), (2, 1)]);
    assert_eq!(machine.live(service), Some(2));

    let agent = Running::start(directory.path(), &machine);
    agent.cancel(job.deployment).await;
    assert_eq!(agent.outcome(job.deployment).await, JobOutcome::Cancelled);
    assert_eq!(machine.running(service), [(1, 1)]);
    assert_eq!(machine.live(service), Some(1));
    agent.stop().await;
}

#[tokio::test]
async fn a_newer_deployment_clears_a_suspended_one_away() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Starting, Behaviour::Hang);
    let service = ServiceId::generate();
    let (old, new) = (job(service, 1), job(service, 2));
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&old).await;
    machine.wait_for_stage(Stage::Starting).await;
    agent.stop().await;

    machine.set(Stage::Starting, Behaviour::Succeed);
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&new).await;
    assert_eq!(agent.outcome(old.deployment).await, JobOutcome::Cancelled);
    assert!(matches!(
        agent.outcome(new.deployment).await,
        JobOutcome::Live { .. }
    ));
    assert_eq!(machine.running(service), [(2, 1)]);
    agent.stop().await;
}

#[tokio::test]
async fn a_drain_outlives_the_agent() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let service = ServiceId::generate();
    machine.add_live(service, 1);
    let mut job = job(service, 2);
    job.drain_seconds = 2;
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&job).await;
    agent.outcome(job.deployment).await;
    agent.stop().await;
    assert_eq!(machine.running(service), [(1, 1), (2, 1)]);

    let agent = Running::start(directory.path(), &machine);
    machine.wait_for_versions(service, &[2]).await;
    agent.stop().await;
}

#[tokio::test]
async fn no_secret_reaches_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    machine.set(Stage::Verifying, Behaviour::Hang);
    let job = job(ServiceId::generate(), 1);
    let agent = Running::start(directory.path(), &machine);
    agent.put_ok(&job).await;
    machine.wait_for_stage(Stage::Verifying).await;
    let mut pending = vec![directory.path().to_owned()];
    let mut files = 0;
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.is_file() {
            files += 1;
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            for secret in ["s3cr3t-token", "a-secret-value"] {
                assert!(!text.contains(secret), "{}", path.display());
            }
        }
    }
    assert!(files >= 3);
    agent.stop().await;
}
