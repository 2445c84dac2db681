//! How other versions of a service give way to a new one.

use std::time::Duration;

use longshore_agent_api::{AgentProblem, DeployJob, RunningUpdate, VersionStatus};
use longshore_domain::{Failure, ServiceId, Stage, Strategy, takeover};

use super::{End, Run, seconds};
use crate::drain::Drains;
use crate::jobs::record::StoppedVersion;
use crate::machine::Machine;
use crate::stage::{StageContext, StageError};

/// How often Docker is asked whether a version has stopped.
const POLL: Duration = Duration::from_millis(200);

impl Run {
    /// Notes, once, which version is live and which ones will be stopped for the new one.
    pub(super) async fn note_others(&mut self, stage: Stage) -> Result<(), End> {
        if self.progress.previous.is_some() || !self.progress.stopped.is_empty() {
            return Ok(());
        }
        let service = self.spec.service;
        let versions = self
            .jobs
            .machine
            .versions(service)
            .await
            .map_err(|problem| {
                End::Failed(Failure::new(Some(stage), problem.kind, problem.message))
            })?;
        let (previous, stopped) = to_give_way(&self.spec, &versions, &self.jobs.drains);
        self.progress.previous = previous;
        self.progress.stopped = stopped;
        self.progress.routes.clone_from(&self.spec.routes);
        self.save_progress(stage).await
    }

    /// Says how the new version takes over and why.
    pub(super) fn tell_strategy(&self) {
        let how = match self.spec.strategy {
            Strategy::BlueGreen => "at once (blue_green)",
            Strategy::Rolling => "step by step (rolling)",
            Strategy::Recreate => "after the old version has stopped (recreate)",
        };
        let why = self.spec.strategy_reason.as_words();
        self.say(&format!("The new version takes over {how}, because {why}."));
    }

    /// How long the switch may take. Each step of a rolling one starts containers, probes
    /// them and drains others.
    pub(super) fn switch_limit(&self) -> Duration {
        let spec = &self.spec;
        let limit = seconds(spec.limits.switching);
        let parts = takeover::parts(spec.strategy, spec.replicas, spec.sticky_sessions);
        let steps = takeover::batches(spec.strategy, parts.len()).len();
        let step = seconds(spec.limits.starting)
            + spec.health.patience()
            + seconds(spec.limits.verifying)
            + seconds(spec.drain_seconds)
            + seconds(spec.stop_grace_seconds);
        limit + step * u32::try_from(steps.saturating_sub(1)).unwrap_or_default()
    }

    /// Plans the removal of every other version. The new one serves by now: what cannot
    /// be planned is left to the reconciler.
    pub(super) async fn retire_others(&self) {
        let service = self.spec.service;
        let drain = match self.spec.strategy {
            Strategy::BlueGreen | Strategy::Rolling => seconds(self.spec.drain_seconds),
            Strategy::Recreate => Duration::ZERO,
        };
        let versions = match self.jobs.machine.versions(service).await {
            Ok(versions) => versions,
            Err(problem) => {
                tracing::warn!(%service, %problem, "old versions cannot be listed");
                return;
            }
        };
        let drains = &self.jobs.drains;
        for version in versions {
            if version.number == self.spec.number {
                continue;
            }
            if let Err(error) = drains.schedule(service, version.number, drain).await {
                tracing::error!(%error, "the removal of an old version cannot be noted");
            }
        }
    }
}

/// The version that is live before a job, and those that will be stopped for it.
pub(super) fn to_give_way(
    job: &DeployJob,
    versions: &[VersionStatus],
    drains: &Drains,
) -> (Option<i32>, Vec<StoppedVersion>) {
    let others = versions.iter().filter(|version| {
        version.number != job.number && !drains.contains(job.service, version.number)
    });
    // What a failed deployment left beside the live version is no version to go back to.
    let previous = others
        .clone()
        .map(|version| version.number)
        .find(|number| Some(*number) == job.live_number);
    let may_share = match job.strategy {
        Strategy::BlueGreen => return (previous, Vec::new()),
        Strategy::Rolling => true,
        Strategy::Recreate => false,
    };
    let stopped = others
        .filter(|version| version.desired > 0)
        .map(|version| StoppedVersion {
            number: version.number,
            replicas: version.desired,
            may_share,
        })
        .collect();
    (previous, stopped)
}

/// Stops versions and waits until none of their containers runs.
pub(super) async fn stop_versions(
    machine: &dyn Machine,
    context: &StageContext,
    service: ServiceId,
    numbers: &[i32],
) -> Result<(), StageError> {
    for number in numbers {
        context.say(format!(
            "stopping version {number}, which must not run beside the new one"
        ));
        let update = RunningUpdate {
            live_number: *number,
            replicas: 0,
            restart: false,
        };
        context
            .or_cancelled(async {
                machine
                    .set_running(service, &update)
                    .await
                    .map_err(|problem| from_problem(&problem))
            })
            .await?;
    }
    if numbers.is_empty() {
        return Ok(());
    }
    context
        .or_cancelled(async {
            loop {
                let versions = machine
                    .versions(service)
                    .await
                    .map_err(|problem| from_problem(&problem))?;
                let still_runs = versions
                    .iter()
                    .any(|version| numbers.contains(&version.number) && version.running > 0);
                if !still_runs {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        })
        .await
}

fn from_problem(problem: &AgentProblem) -> StageError {
    StageError::failed(problem.kind, problem.message.clone())
}
