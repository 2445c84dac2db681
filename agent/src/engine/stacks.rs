//! Stacks in Docker: their networks, and what of them runs.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bollard::models::{NetworkCreateRequest, TaskState};
use longshore_agent_api::{AgentProblem, DeployJob, StackComponent};
use longshore_domain::ServiceId;

use super::start::{has_ended_badly, newest};
use super::{Engine, Names, failed, is_absent, refused};
use crate::machine::Owned;
use crate::stage::{StageContext, StageError};

const POLL: Duration = Duration::from_millis(100);
/// How long containers may take to leave a network that goes.
const LEAVING: Duration = Duration::from_secs(30);
/// A component that runs once may fail this often where its file lets it try again.
const FAILURES: usize = 3;
/// The bridge to which `host-gateway` leads.
const BRIDGE: &str = "bridge";

impl Engine {
    /// The id of a stack's private network, made when it is missing.
    pub(super) async fn stack_network(&self, stack: ServiceId) -> Result<String, AgentProblem> {
        self.private_network(NetworkCreateRequest {
            name: self.names.stack_network(stack),
            labels: Some(HashMap::from([
                (self.names.owned(), String::new()),
                (self.names.stack(), stack.to_string()),
            ])),
            ..NetworkCreateRequest::default()
        })
        .await
    }

    /// The address under which a container reaches this machine.
    pub(super) async fn gateway(&self) -> Result<Option<String>, AgentProblem> {
        let bridge = self.network(BRIDGE).await?;
        Ok(bridge
            .and_then(|network| network.ipam?.config)
            .into_iter()
            .flatten()
            .find_map(|config| config.gateway))
    }

    /// The networks of stacks.
    pub(super) async fn stack_networks(&self) -> Result<Vec<Owned>, AgentProblem> {
        let networks = self.networks_with(self.names.stack()).await?;
        Ok(networks
            .into_iter()
            .filter_map(|network| {
                let stack = Names::read(network.labels.as_ref(), &self.names.stack())?;
                Some(Owned::StackNetwork { stack })
            })
            .collect())
    }

    /// Removes a stack's network, once its containers have left it.
    ///
    /// # Errors
    /// When something still uses it.
    pub async fn remove_stack_network(&self, stack: ServiceId) -> Result<(), AgentProblem> {
        let name = self.names.stack_network(stack);
        let started = Instant::now();
        loop {
            match self.docker.remove_network(&name).await {
                Ok(()) => return Ok(()),
                Err(error) if is_absent(&error) => return Ok(()),
                Err(_) if started.elapsed() < LEAVING => tokio::time::sleep(POLL).await,
                Err(error) => return Err(refused("The network's removal", &error)),
            }
        }
    }

    /// The versions of all of a stack's components that are in Swarm.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn stack_versions(
        &self,
        stack: ServiceId,
    ) -> Result<Vec<(ServiceId, i32)>, AgentProblem> {
        let label = format!("{}={stack}", self.names.stack());
        let services = self.services_with(label).await?;
        let mut versions: Vec<(ServiceId, i32)> = services
            .into_iter()
            .filter_map(|found| {
                let labels = found.spec?.labels;
                let service = Names::read(labels.as_ref(), &self.names.service())?;
                let number = Names::read(labels.as_ref(), &self.names.number())?;
                Some((service, number))
            })
            .collect();
        versions.sort_by_key(|(service, number)| (service.0, *number));
        versions.dedup();
        Ok(versions)
    }

    /// Places of the machine that a stack's components mount.
    pub(crate) async fn stack_mounts(
        &self,
        stack: ServiceId,
    ) -> Result<HashSet<PathBuf>, AgentProblem> {
        let label = format!("{}={stack}", self.names.stack());
        let services = self.services_with(label).await?;
        Ok(services
            .into_iter()
            .filter_map(|found| found.spec?.task_template?.container_spec?.mounts)
            .flatten()
            .filter_map(|mount| mount.source)
            .map(PathBuf::from)
            .collect())
    }

    /// Whether a version of a component that runs is what the job would start.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn is_unchanged(
        &self,
        job: &DeployJob,
        component: &StackComponent,
        image: &str,
        number: i32,
    ) -> Result<bool, AgentProblem> {
        let parts = self.swarm_parts(job.service, number).await?;
        let [part] = parts.as_slice() else {
            return Ok(false);
        };
        let spec = part.found.spec.as_ref();
        let labels = spec.and_then(|spec| spec.labels.as_ref());
        let fingerprint = Names::read::<String>(labels, &self.names.fingerprint());
        let runs = spec
            .and_then(|spec| spec.task_template.as_ref()?.container_spec.as_ref())
            .and_then(|container| container.image.as_deref());
        let replicas = spec
            .and_then(|spec| spec.mode.as_ref()?.replicated.as_ref()?.replicas)
            .unwrap_or_default();
        Ok(
            fingerprint.as_deref() == Some(component.fingerprint.as_str())
                && runs == Some(image)
                && replicas == i64::from(job.replicas),
        )
    }

    /// Whether all containers of a version run, healthy or not.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn has_started(&self, job: &DeployJob) -> Result<bool, AgentProblem> {
        let tasks = self.tasks(&[self.names.of_job(job)]).await?;
        let started = tasks
            .iter()
            .filter(|task| {
                let state = task.status.as_ref().and_then(|status| status.state);
                matches!(
                    state,
                    Some(TaskState::STARTING | TaskState::RUNNING | TaskState::COMPLETE)
                )
            })
            .count();
        Ok(started > 0 || job.replicas == 0)
    }

    /// Waits until a component that runs once has ended well, puts what it wrote into the
    /// log and takes its container away.
    pub(super) async fn wait_until_done(
        &self,
        ctx: &StageContext,
        job: &DeployJob,
    ) -> Result<(), StageError> {
        let name = self.names.of_job(job);
        if self.was_taken_away(&name).await.map_err(failed)? {
            return Ok(());
        }
        loop {
            let tasks = self
                .tasks(std::slice::from_ref(&name))
                .await
                .map_err(failed)?;
            let is_done = |task: &&bollard::models::Task| {
                task.status.as_ref().and_then(|status| status.state) == Some(TaskState::COMPLETE)
            };
            if let Some(done) = tasks.iter().find(is_done) {
                for line in self.last_lines(done, 200).await {
                    ctx.line(line.stream, line.text);
                }
                return self.scale_part(&name, 0, false).await.map_err(failed);
            }
            let ended: Vec<_> = tasks.iter().filter(|task| has_ended_badly(task)).collect();
            let tries = match job.component.as_ref().map(|one| one.component.restart) {
                Some(longshore_domain::compose::Restart::OnFailure { attempts, .. }) => attempts
                    .and_then(|attempts| usize::try_from(attempts + 1).ok())
                    .unwrap_or(FAILURES),
                _ => 1,
            };
            if let Some(last) = newest(&ended)
                && ended.len() >= tries
            {
                self.tell_last_lines(ctx, last).await;
                let diagnosis = self.diagnose(job.memory_limit_bytes, last).await;
                return Err(diagnosis.into_error(ended.len()));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether an agent before this one has seen a component's end: Docker forgets the
    /// container once it is taken away.
    async fn was_taken_away(&self, name: &str) -> Result<bool, AgentProblem> {
        let found = self.swarm_service(name).await?;
        let mode = found.and_then(|found| found.spec?.mode?.replicated);
        Ok(mode.is_some_and(|mode| mode.replicas == Some(0)))
    }
}
