//! One deployment, from the agent's first word to its last.

use std::time::Duration;

use longshore_agent_api::{DeployJob, JobEvent, JobEventKind, JobOutcome, JobState};
use longshore_control::work::{ClaimedDeployment, Outcome, WorkError};
use longshore_domain::Failure;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::lease::Lease;
use super::{LEASE, Workers, record, specification};
use crate::agent_client::AgentError;

/// Events are stored together for this long, so that a fast build does not write a row
/// a line, and a viewer does not notice.
const GATHER: Duration = Duration::from_millis(80);
/// At most this many events are stored in one transaction.
const GATHER_MAX: usize = 2_000;
/// The first and the longest pause before the agent or the database is tried again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// How a worker's part in a deployment ends.
pub(super) enum End {
    /// The deployment has ended.
    Outcome(Outcome),
    /// It belongs to another worker now.
    LostLease,
    /// The process shuts down.
    Interrupted,
}

/// How one attempt to follow the agent ends.
enum Attempt {
    Finished(Outcome),
    LostLease,
    Again(String),
}

/// Lets the agent do the deployment and stores what it reports, until it has ended. The
/// agent and the database may go away and come back meanwhile.
pub(super) async fn attend(workers: &Workers, claimed: &ClaimedDeployment, lease: &Lease) -> End {
    let mut cancel = lease.cancel_requested();
    let job = specification::job(claimed);
    let mut stored = claimed.last_sequence;
    let mut pause = PAUSES.0;
    let outcome = loop {
        let before = stored;
        match attempt(workers, &job, &mut stored, &mut cancel).await {
            Attempt::Finished(outcome) => break outcome,
            Attempt::LostLease => return End::LostLease,
            Attempt::Again(reason) => {
                if stored > before {
                    pause = PAUSES.0;
                }
                tracing::warn!(deployment = %job.deployment, reason, "trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    };
    lease.close();
    if !finish(workers, &job, outcome.clone()).await {
        return End::LostLease;
    }
    // A journal that stays costs disk until the next reconcile pass, nothing more.
    if let Err(error) = workers.agent.forget_job(job.deployment).await {
        tracing::debug!(deployment = %job.deployment, %error, "the agent keeps the journal");
    }
    End::Outcome(outcome)
}

async fn attempt(
    workers: &Workers,
    job: &DeployJob,
    stored: &mut i64,
    cancel: &mut watch::Receiver<bool>,
) -> Attempt {
    // Whoever was away for longer than its lease must not start the work once more.
    match workers
        .control
        .heartbeat(job.deployment, workers.worker, LEASE)
        .await
    {
        Ok(_) => {}
        Err(WorkError::LostLease | WorkError::InvalidTransition(_)) => return Attempt::LostLease,
        Err(error) => return Attempt::Again(error.to_string()),
    }
    if *cancel.borrow() {
        match workers.agent.cancel_job(job.deployment).await {
            Ok(true) => {}
            Ok(false) => return Attempt::Finished(Outcome::Cancelled),
            Err(error) => return Attempt::Again(error.to_string()),
        }
    } else if let Err(error) = workers.agent.put_job(job).await {
        return refused_or_again(&error);
    }
    let after = u64::try_from(*stored).unwrap_or(0);
    let mut events = match workers.agent.job_events(job.deployment, after).await {
        Ok(events) => events,
        Err(error) => return Attempt::Again(error.to_string()),
    };
    let mut batch: Vec<JobEvent> = Vec::new();
    loop {
        let deadline = Instant::now() + GATHER;
        let mut ended = None;
        while batch.len() < GATHER_MAX {
            let event = if batch.is_empty() {
                tokio::select! {
                    event = events.next() => event,
                    () = wish(cancel) => {
                        if let Err(error) = workers.agent.cancel_job(job.deployment).await {
                            return Attempt::Again(error.to_string());
                        }
                        continue;
                    }
                }
            } else {
                match timeout_at(deadline, events.next()).await {
                    Ok(event) => event,
                    Err(_elapsed) => break,
                }
            };
            match event {
                Ok(Some(event)) => {
                    let is_line = matches!(event.kind, JobEventKind::Line { .. });
                    batch.push(event);
                    if !is_line {
                        break;
                    }
                }
                Ok(None) => {
                    ended = Some("the agent's stream ended early".to_owned());
                    break;
                }
                Err(error) => {
                    ended = Some(error.to_string());
                    break;
                }
            }
        }
        match store(workers, job, &mut batch, stored).await {
            Ok(None) => {}
            Ok(Some(outcome)) => return Attempt::Finished(outcome),
            Err(WorkError::LostLease) => return Attempt::LostLease,
            // What was gathered is read again from the journal.
            Err(error) => return Attempt::Again(error.to_string()),
        }
        if let Some(reason) = ended {
            return known_end(workers, job, *stored)
                .await
                .map_or(Attempt::Again(reason), Attempt::Finished);
        }
    }
}

/// The end of a job whose journal is stored to its last event: whoever stored that died
/// before the deployment was ended by it.
async fn known_end(workers: &Workers, job: &DeployJob, stored: i64) -> Option<Outcome> {
    let status = workers.agent.job(job.deployment).await.ok()?;
    match status.state {
        JobState::Finished { outcome } if i64::try_from(status.last_sequence) == Ok(stored) => {
            Some(ended(outcome))
        }
        _ => None,
    }
}

/// Stores a batch and empties it. Answers the outcome when the batch held the end.
async fn store(
    workers: &Workers,
    job: &DeployJob,
    batch: &mut Vec<JobEvent>,
    stored: &mut i64,
) -> Result<Option<Outcome>, WorkError> {
    let Some(last) = batch.last() else {
        return Ok(None);
    };
    let last_sequence = i64::try_from(last.sequence).unwrap_or(i64::MAX);
    let outcome = match &last.kind {
        JobEventKind::Finished { outcome } => Some(ended(outcome.clone())),
        _ => None,
    };
    let events = batch.drain(..).map(record::recorded).collect();
    workers
        .control
        .record_events(job.deployment, workers.worker, events)
        .await?;
    *stored = last_sequence;
    Ok(outcome)
}

/// Writes the end, as often as the database needs. False when the lease is lost.
async fn finish(workers: &Workers, job: &DeployJob, outcome: Outcome) -> bool {
    let mut pause = PAUSES.0;
    loop {
        let result = workers
            .control
            .finish(job.deployment, workers.worker, outcome.clone())
            .await;
        match result {
            Ok(()) => return true,
            Err(WorkError::LostLease | WorkError::InvalidTransition(_)) => return false,
            Err(WorkError::Control(error)) => {
                tracing::warn!(deployment = %job.deployment, %error, "cannot store the end");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            }
        }
    }
}

/// Returns when a person newly asks for the end.
async fn wish(cancel: &mut watch::Receiver<bool>) {
    if cancel.changed().await.is_err() {
        // The lease's keeper is gone; whoever waits beside decides.
        std::future::pending::<()>().await;
    }
}

fn ended(outcome: JobOutcome) -> Outcome {
    match outcome {
        JobOutcome::Live { image, digest } => Outcome::Live { image, digest },
        JobOutcome::Failed { failure } => Outcome::Failed(failure),
        JobOutcome::Cancelled => Outcome::Cancelled,
    }
}

/// The agent refuses for good only what will never be right; a conflict passes.
fn refused_or_again(error: &AgentError) -> Attempt {
    match error.refusal() {
        Some(problem) => Attempt::Finished(Outcome::Failed(Failure::new(
            None,
            problem.kind,
            problem.message.clone(),
        ))),
        None => Attempt::Again(error.to_string()),
    }
}
