//! What runs of a service, and how many containers of it.

use std::time::Duration;

use bollard::models::Task;
use longshore_agent_api::{AgentProblem, RunningUpdate, VersionStatus};
use longshore_domain::{FailureKind, ServiceId, takeover};

use super::inventory::SwarmService;
use super::start::{newest, runs};
use super::{Engine, brief, problem};

/// How long after its start Docker may take to run again what it had stopped.
const SETTLING: Duration = Duration::from_secs(300);
/// How long after its start Swarm may go on telling what was before.
pub(super) const STALE: Duration = Duration::from_secs(15);

impl Engine {
    /// What runs of a service, by number.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn versions(&self, service: ServiceId) -> Result<Vec<VersionStatus>, AgentProblem> {
        let mut versions: Vec<VersionStatus> = Vec::new();
        for part in self.swarm_services(Some(service)).await? {
            let (running, desired) = counts(&part);
            let trouble = if running < desired {
                self.trouble(&part.name).await?
            } else {
                None
            };
            match versions
                .iter_mut()
                .find(|version| version.number == part.number)
            {
                Some(version) => {
                    version.desired += desired;
                    version.running += running;
                    version.trouble = version.trouble.take().or(trouble);
                }
                None => versions.push(VersionStatus {
                    number: part.number,
                    desired,
                    running,
                    trouble,
                }),
            }
        }
        versions.sort_by_key(|version| version.number);
        Ok(versions)
    }

    /// Stops, starts, restarts or scales a version.
    ///
    /// # Errors
    /// When there is no such version, or Docker does not.
    pub async fn set_running(
        &self,
        service: ServiceId,
        update: &RunningUpdate,
    ) -> Result<(), AgentProblem> {
        let parts = self.swarm_parts(service, update.live_number).await?;
        if parts.is_empty() {
            return Err(problem(
                FailureKind::StartFailed,
                format!(
                    "Version {} does not exist on the server; deploy again.",
                    update.live_number
                ),
            ));
        }
        let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        let replicas = takeover::split(update.replicas, count);
        for (part, replicas) in parts.iter().zip(replicas) {
            self.scale_part(&part.name, replicas, update.restart)
                .await?;
        }
        Ok(())
    }

    /// Whether Docker has come up lately and is still starting what it had stopped.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn is_settling(&self) -> Result<bool, AgentProblem> {
        let mut came_up = *self.lock_come_up();
        let is_old = came_up.has_settled || came_up.instant.elapsed() > SETTLING;
        if is_old && !came_up.is_away {
            return Ok(false);
        }
        let versions = self
            .swarm_services(None)
            .await
            .inspect_err(|_| self.note_away())?;
        if came_up.is_away {
            self.note_start();
            came_up = *self.lock_come_up();
        }
        let age = came_up.instant.elapsed();
        let is_settling = versions.iter().any(|version| {
            let (running, desired) = counts(version);
            running < desired
        });
        if !is_settling && age > STALE {
            let mut now = self.lock_come_up();
            // Unless it came up once more in between.
            now.has_settled = now.instant == came_up.instant;
        }
        Ok(is_settling)
    }

    /// What Docker says of the newest container that does not run.
    async fn trouble(&self, swarm_service: &str) -> Result<Option<String>, AgentProblem> {
        let tasks = self.tasks(&[swarm_service.to_owned()]).await?;
        let stopped: Vec<&Task> = tasks.iter().filter(|task| !runs(task)).collect();
        Ok(newest(&stopped)
            .and_then(|task| task.status.as_ref())
            .and_then(|status| {
                status
                    .err
                    .clone()
                    .filter(|error| !error.is_empty())
                    .or_else(|| status.message.clone())
            })
            .map(|text| brief(&text)))
    }
}

/// Containers that run, and that shall.
pub(super) fn counts(version: &SwarmService) -> (u32, u32) {
    let status = version.found.service_status.as_ref();
    let number = |count: Option<u64>| u32::try_from(count.unwrap_or_default()).unwrap_or(u32::MAX);
    let running = number(status.and_then(|status| status.running_tasks));
    let desired = number(status.and_then(|status| status.desired_tasks));
    (running, desired)
}
