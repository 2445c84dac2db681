//! What runs of a service, and how many containers of it.

use std::time::Duration;

use bollard::models::{ServiceSpec, ServiceSpecMode, ServiceSpecModeReplicated, Task};
use bollard::query_parameters::UpdateServiceOptionsBuilder;
use longshore_agent_api::{AgentProblem, RunningUpdate, VersionStatus};
use longshore_domain::{FailureKind, ServiceId};

use super::inventory::SwarmService;
use super::start::{newest, runs};
use super::{Engine, brief, problem, refused};

/// How long after its start Docker may take to run again what it had stopped.
const SETTLING: Duration = Duration::from_secs(300);
/// How long after its start Swarm may go on telling what was before.
pub(super) const STALE: Duration = Duration::from_secs(15);
/// Attempts to change a service that others change too.
const ATTEMPTS: u32 = 5;

impl Engine {
    /// What runs of a service, by number.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn versions(&self, service: ServiceId) -> Result<Vec<VersionStatus>, AgentProblem> {
        let mut versions = Vec::new();
        for version in self.swarm_services(Some(service)).await? {
            let (running, desired) = counts(&version);
            let trouble = if running < desired {
                self.trouble(&version.name).await?
            } else {
                None
            };
            versions.push(VersionStatus {
                number: version.number,
                desired,
                running,
                trouble,
            });
        }
        versions.sort_by_key(|version| version.number);
        Ok(versions)
    }

    /// The name of a version's Swarm service, and how many containers it shall have.
    pub(crate) async fn find_version(
        &self,
        service: ServiceId,
        number: i32,
    ) -> Result<Option<(String, u32)>, AgentProblem> {
        let versions = self.swarm_services(Some(service)).await?;
        Ok(versions
            .into_iter()
            .find(|version| version.number == number)
            .map(|version| {
                let (_, desired) = counts(&version);
                (version.name, desired)
            }))
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
        let mut attempt = 0;
        loop {
            attempt += 1;
            let version = self
                .swarm_services(Some(service))
                .await?
                .into_iter()
                .find(|version| version.number == update.live_number)
                .ok_or_else(|| {
                    problem(
                        FailureKind::StartFailed,
                        format!(
                            "Version {} does not exist on the server; deploy again.",
                            update.live_number
                        ),
                    )
                })?;
            let index = version.found.version.and_then(|version| version.index);
            let Some(spec) = version.found.spec else {
                return Err(problem(
                    FailureKind::Internal,
                    "Docker does not describe the version.",
                ));
            };
            let options = UpdateServiceOptionsBuilder::default()
                .version(i32::try_from(index.unwrap_or_default()).unwrap_or(i32::MAX))
                .build();
            let changed = self
                .docker
                .update_service(&version.name, changed(spec, update), options, None)
                .await;
            match changed {
                Ok(_) => return Ok(()),
                Err(bollard::errors::Error::DockerResponseServerError { message, .. })
                    if attempt < ATTEMPTS && message.contains("out of sequence") => {}
                Err(error) => return Err(refused("The change", &error)),
            }
        }
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
        let tasks = self.tasks(swarm_service).await?;
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
fn counts(version: &SwarmService) -> (u32, u32) {
    let status = version.found.service_status.as_ref();
    let number = |count: Option<u64>| u32::try_from(count.unwrap_or_default()).unwrap_or(u32::MAX);
    let running = number(status.and_then(|status| status.running_tasks));
    let desired = number(status.and_then(|status| status.desired_tasks));
    (running, desired)
}

fn changed(mut spec: ServiceSpec, update: &RunningUpdate) -> ServiceSpec {
    spec.mode = Some(ServiceSpecMode {
        replicated: Some(ServiceSpecModeReplicated {
            replicas: Some(i64::from(update.replicas)),
        }),
        ..ServiceSpecMode::default()
    });
    if update.restart
        && let Some(template) = &mut spec.task_template
    {
        template.force_update = Some(template.force_update.unwrap_or_default() + 1);
    }
    spec
}
