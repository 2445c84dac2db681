//! Files that nobody needs any more, and versions that somebody took away.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use longshore_agent_api::{
    DeployJob, DesiredService, DesiredState, ReconcileProblem, ReconcileReport, ReconcileSubject,
};
use longshore_domain::{DeploymentId, ServiceId};
use reqwest::Method;
use uuid::{NoContext, Timestamp, Uuid};

use super::agent::{Running, job};
use super::machine::Simulated;

async fn report(agent: &Running, desired: &DesiredState) -> ReconcileReport {
    agent
        .call(Method::PUT, "/v1/desired")
        .json(desired)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

async fn reconcile(agent: &Running, desired: &DesiredState) -> Vec<String> {
    let report = report(agent, desired).await;
    assert_eq!(report.problems, []);
    report.changes
}

fn desired(service: ServiceId, number: i32, active_numbers: Vec<i32>) -> DesiredState {
    DesiredState {
        services: vec![DesiredService {
            service,
            live_number: Some(number),
            replicas: 1,
            active_numbers,
            routes: Vec::new(),
            kept_numbers: Vec::new(),
        }],
        ..DesiredState::default()
    }
}

/// A job whose deployment was made two days ago.
fn old_job() -> DeployJob {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let made = Timestamp::from_unix(NoContext, now.as_secs() - 2 * 24 * 3600, 0);
    DeployJob {
        deployment: DeploymentId(Uuid::new_v7(made)),
        ..job(ServiceId::generate(), 1)
    }
}

#[tokio::test]
async fn the_journal_of_an_old_job_goes_once_the_server_does_not_wait_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let agent = Running::start(directory.path(), &machine);
    let (old, recent) = (old_job(), job(ServiceId::generate(), 1));
    for job in [&old, &recent] {
        agent.put_ok(job).await;
        agent.outcome(job.deployment).await;
    }
    let journal = |job: &DeployJob| {
        let jobs = directory.path().join("data/agent/jobs");
        jobs.join(job.deployment.to_string())
    };
    // A crash between the end of the work and its last event leaves the work tree.
    let work_tree = directory
        .path()
        .join("data/agent/work")
        .join(recent.deployment.to_string());
    fs::create_dir_all(&work_tree).unwrap();

    let mut state = desired(old.service, 1, vec![1]);
    state
        .services
        .extend(desired(recent.service, 1, Vec::new()).services);
    let changes = reconcile(&agent, &state).await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(!work_tree.exists());
    assert!(journal(&old).exists());

    state.services[0].active_numbers.clear();
    let changes = reconcile(&agent, &state).await;
    assert_eq!(
        changes,
        [format!(
            "removed the journal of deployment {}",
            old.deployment
        )]
    );
    assert!(!journal(&old).exists());
    assert!(journal(&recent).exists());
    agent.stop().await;
}

/// A mirror that was used that long ago.
fn mirror(directory: &Path, name: &str, used: Duration) {
    fs::create_dir_all(directory.join(name)).unwrap();
    let lock = File::create(directory.join(format!("{name}.lock"))).unwrap();
    lock.set_modified(SystemTime::now() - used).unwrap();
}

#[tokio::test]
async fn mirrors_go_a_week_after_their_last_use_when_the_server_does_not_name_them() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let agent = Running::start(directory.path(), &machine);
    let mirrors = directory.path().join("data/agent/mirrors");
    let day = Duration::from_hours(24);
    mirror(&mirrors, "unused", 8 * day);
    mirror(&mirrors, "submodule", 6 * day);
    let mut state = DesiredState::default();
    assert_eq!(reconcile(&agent, &state).await, [] as [String; 0]);
    assert!(mirrors.join("unused").exists());
    state.repositories = Some(Vec::new());
    assert_eq!(
        reconcile(&agent, &state).await,
        ["removed 1 mirrors of repositories"]
    );
    assert!(!mirrors.join("unused").exists());
    assert!(mirrors.join("submodule").exists());
    agent.stop().await;
}

#[tokio::test]
async fn a_version_that_is_gone_is_said_once() {
    let directory = tempfile::tempdir().unwrap();
    let machine = Arc::new(Simulated::default());
    let agent = Running::start(directory.path(), &machine);
    let service = ServiceId::generate();
    machine.add_live(service, 2);
    let report = report(&agent, &desired(service, 3, Vec::new())).await;
    assert_eq!(
        report.problems,
        [ReconcileProblem {
            subject: ReconcileSubject::Containers(service),
            message: "version 3 is gone; deploy it again".to_owned(),
        }]
    );
    agent.stop().await;
}
