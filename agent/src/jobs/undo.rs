//! Clears away what a job left that did not become live.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use longshore_agent_api::{
    AgentProblem, JobEventKind, JobOutcome, LogStream, RouteUpdate, RunningUpdate,
};
use longshore_domain::{DeploymentId, ServiceId, Stage};

use super::job::Job;
use super::record::{JobRecord, Progress, StoppedVersion};
use super::{Jobs, blocking};
use crate::journal::{JobSink, Replay};
use crate::machine::Machine;
use crate::redact::Redactor;
use crate::stage::EventSink;

/// The longest that one step of clearing up may take; the reconciler does the rest.
const STEP_LIMIT: Duration = Duration::from_mins(1);
/// Attempts at one step.
const ATTEMPTS: u32 = 3;
/// How often it is asked whether an old version runs again.
const POLL: Duration = Duration::from_millis(200);
/// How long to wait between attempts.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a job may have left.
pub(super) struct Leftovers<'a> {
    pub(super) record: &'a JobRecord,
    pub(super) done: &'a Replay,
    pub(super) progress: &'a Progress,
}

impl Jobs {
    /// Removes the new version and its routes, and starts again what was stopped for it; of
    /// a stack, all of its components, those first that wait for others.
    pub(super) async fn clear_away(&self, left: Leftovers<'_>, sink: &dyn EventSink) {
        if left.progress.components.is_empty() {
            return self.clear_one(left, sink).await;
        }
        // What runs once has left nothing to go back to, and what goes on is not touched.
        for known in left.progress.components.iter().rev() {
            if known.kept.is_none() {
                let one = Leftovers {
                    record: &known.record,
                    done: left.done,
                    progress: &known.progress,
                };
                self.clear_one(one, sink).await;
            }
        }
    }

    async fn clear_one(&self, left: Leftovers<'_>, sink: &dyn EventSink) {
        let (service, number) = (left.record.service, left.record.number);
        let machine = &*self.machine;
        // What shared the traffic is complete again before it carries all of it.
        let (sharing, apart): (Vec<_>, Vec<_>) =
            restored(left.progress).partition(|old| old.may_share);
        if left.done.has_started(Stage::Switching) {
            for old in sharing {
                step(sink, "completing the old version again", || {
                    complete(machine, service, old).boxed()
                })
                .await;
            }
        }
        if left.done.has_started(Stage::Starting) {
            let previous = left.progress.previous.map(|live_number| RouteUpdate {
                live_number,
                routes: left.progress.routes.clone(),
            });
            step(sink, "taking back the routes", || {
                machine.withdraw(service, number, previous.clone())
            })
            .await;
        }
        let stages_with_containers = [Stage::Releasing, Stage::Starting];
        if stages_with_containers
            .into_iter()
            .any(|stage| left.done.has_started(stage))
        {
            step(sink, "removing the new version", || {
                machine.remove_version(service, number)
            })
            .await;
        }
        if !apart.is_empty() {
            step(sink, "waiting for the new version's end", || {
                machine.until_gone(service, number)
            })
            .await;
        }
        for old in apart {
            let update = running(old);
            step(sink, "starting the old version again", || {
                machine.set_running(service, &update)
            })
            .await;
        }
    }

    /// Ends a suspended job of which only the journal is left.
    pub(super) async fn abandon(&self, job: std::sync::Arc<Job>, done: Replay) {
        let sink = JobSink::new(std::sync::Arc::clone(&job.journal), Redactor::new([]), 0);
        let directory = job.directory.clone();
        let progress = blocking(move || Ok(directory.progress()))
            .await
            .unwrap_or_default();
        let leftovers = Leftovers {
            record: &job.record,
            done: &done,
            progress: &progress,
        };
        self.clear_away(leftovers, &sink).await;
        self.remove_work_tree(job.record.deployment).await;
        self.finish(&job, JobOutcome::Cancelled, &sink).await;
    }

    /// Removes a job's checkout.
    pub(super) async fn remove_work_tree(&self, deployment: DeploymentId) {
        let work_tree = self.paths.work_tree(deployment);
        let removed = blocking(move || match std::fs::remove_dir_all(work_tree) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        });
        if let Err(error) = removed.await {
            tracing::warn!(%deployment, %error, "a work tree cannot be removed");
        }
    }
}

/// What is to run again of what was stopped: the version that was live, and no leftover of
/// one that never was.
fn restored(progress: &Progress) -> impl Iterator<Item = &StoppedVersion> {
    let is_previous = |old: &&StoppedVersion| Some(old.number) == progress.previous;
    progress.stopped.iter().filter(is_previous)
}

/// Gives an old version all of its containers and waits until they run.
async fn complete(
    machine: &dyn Machine,
    service: ServiceId,
    old: &StoppedVersion,
) -> Result<(), AgentProblem> {
    machine.set_running(service, &running(old)).await?;
    loop {
        let versions = machine.versions(service).await?;
        let found = versions.iter().find(|version| version.number == old.number);
        if found.is_none_or(|version| version.running >= old.replicas) {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}

fn running(old: &StoppedVersion) -> RunningUpdate {
    RunningUpdate {
        live_number: old.number,
        replicas: old.replicas,
        restart: false,
    }
}

async fn step<'a>(
    sink: &dyn EventSink,
    what: &str,
    work: impl Fn() -> BoxFuture<'a, Result<(), AgentProblem>>,
) {
    let mut attempt = 0;
    let problem = loop {
        attempt += 1;
        match tokio::time::timeout(STEP_LIMIT, work()).await {
            Ok(Ok(())) => return,
            Ok(Err(problem)) if attempt >= ATTEMPTS => break problem.message,
            Err(_) => break format!("it takes longer than {} seconds", STEP_LIMIT.as_secs()),
            Ok(Err(_)) => tokio::time::sleep(RETRY_AFTER).await,
        }
    };
    tracing::warn!(what, problem, "clearing up failed");
    sink.append(JobEventKind::Line {
        stream: LogStream::System,
        text: format!("{what} did not succeed: {problem}; it is tried again in the background"),
    });
}
