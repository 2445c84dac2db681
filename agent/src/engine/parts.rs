//! A version runs in one part or several, each a Swarm service with a name of its own:
//! what is replaced by itself (`rolling`) or addressed by itself (sticky sessions).

use std::collections::HashMap;
use std::ops::Range;

use bollard::models::{ServiceSpec, ServiceSpecMode, ServiceSpecModeReplicated};
use bollard::query_parameters::UpdateServiceOptionsBuilder;
use longshore_agent_api::{AgentProblem, DeployJob};
use longshore_domain::run::Port;
use longshore_domain::{FailureKind, ServiceId, takeover};

use super::inventory::SwarmService;
use super::running::counts;
use super::{Engine, Names, problem, refused};

/// Attempts to change a service that others change too.
const ATTEMPTS: u32 = 5;

/// A part of a version that is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its place in the version, from 0.
    pub(crate) index: usize,
    /// Its Swarm service, also its name in the networks' DNS.
    pub(crate) name: String,
    /// Its containers.
    pub(crate) replicas: u32,
}

/// A version as it is in Swarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) parts: Vec<Part>,
    /// Whether a visitor stays with one part.
    pub(crate) is_sticky: bool,
    /// The port that it listens on, when that is known.
    pub(crate) port: Option<Port>,
}

impl Engine {
    /// The parts of a job's version.
    pub(crate) fn parts(&self, job: &DeployJob) -> Vec<Part> {
        takeover::parts(job.strategy, job.replicas, job.sticky_sessions)
            .into_iter()
            .enumerate()
            .map(|(index, replicas)| Part {
                index,
                name: self.names.of_part(job, index),
                replicas,
            })
            .collect()
    }

    /// Which of the parts start together, in order.
    pub(crate) fn batches(&self, job: &DeployJob) -> Vec<Range<usize>> {
        let mut next = 0;
        let count = self.parts(job).len();
        takeover::batches(job.strategy, count)
            .into_iter()
            .map(|size| {
                let first = next;
                next += size;
                first..next
            })
            .collect()
    }

    /// The parts of a job's version that start first.
    pub(crate) fn first_parts(&self, job: &DeployJob) -> Vec<Part> {
        let mut parts = self.parts(job);
        let first = self.batches(job).first().map_or(0, |batch| batch.end);
        parts.truncate(first);
        parts
    }

    /// A version as Swarm has it; its parts with the containers they shall have.
    pub(crate) async fn find_version(
        &self,
        service: ServiceId,
        number: i32,
    ) -> Result<Option<Version>, AgentProblem> {
        let found = self.swarm_parts(service, number).await?;
        Ok(self.version_of(&found))
    }

    /// All versions of all services, at one look.
    pub(crate) async fn all_versions(
        &self,
    ) -> Result<HashMap<(ServiceId, i32), Version>, AgentProblem> {
        let mut found = HashMap::<_, Vec<SwarmService>>::new();
        for part in self.swarm_services(None).await? {
            let version = (part.service, part.number);
            found.entry(version).or_default().push(part);
        }
        let versions = found.into_iter().filter_map(|(key, mut parts)| {
            parts.sort_by_key(|part| part.part);
            Some((key, self.version_of(&parts)?))
        });
        Ok(versions.collect())
    }

    /// The version that parts make, sorted by their places.
    fn version_of(&self, parts: &[SwarmService]) -> Option<Version> {
        let spec = parts.first()?.found.spec.as_ref();
        let labels = spec.and_then(|spec| spec.labels.as_ref());
        Some(Version {
            is_sticky: labels.is_some_and(|labels| labels.contains_key(&self.names.sticky())),
            port: Names::read(labels, &self.names.port()),
            parts: parts
                .iter()
                .map(|part| Part {
                    index: part.part,
                    name: part.name.clone(),
                    replicas: counts(part).1,
                })
                .collect(),
        })
    }

    /// How many containers of a part run.
    pub(crate) async fn running_in(&self, part: &Part) -> Result<usize, AgentProblem> {
        let tasks = self.tasks(std::slice::from_ref(&part.name)).await?;
        let running = |task: &&bollard::models::Task| {
            let status = task.status.as_ref();
            status.and_then(|status| status.state) == Some(bollard::models::TaskState::RUNNING)
        };
        Ok(tasks.iter().filter(running).count())
    }

    /// The Swarm services of a version, by their places.
    pub(super) async fn swarm_parts(
        &self,
        service: ServiceId,
        number: i32,
    ) -> Result<Vec<SwarmService>, AgentProblem> {
        let mut parts = self.swarm_services(Some(service)).await?;
        parts.retain(|part| part.number == number);
        parts.sort_by_key(|part| part.part);
        Ok(parts)
    }

    /// Docker describes a service's health check by another name than the client reads it
    /// by. Without this, the first change of a service would take its check away.
    fn keep_health(&self, spec: &mut ServiceSpec) {
        let check = Names::read::<String>(spec.labels.as_ref(), &self.names.health())
            .and_then(|text| serde_json::from_str(&text).ok());
        if let Some(container) = spec
            .task_template
            .as_mut()
            .and_then(|template| template.container_spec.as_mut())
            && container.health_check.is_none()
        {
            container.health_check = check;
        }
    }

    /// Gives a part another number of containers, and new ones when it is restarted.
    ///
    /// # Errors
    /// When Docker does not, or there is no such part.
    pub(crate) async fn scale_part(
        &self,
        name: &str,
        replicas: u32,
        restart: bool,
    ) -> Result<(), AgentProblem> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let Some(found) = self.swarm_service(name).await? else {
                return Err(problem(
                    FailureKind::StartFailed,
                    "The version is gone from the server; deploy again.",
                ));
            };
            let Some(mut spec) = found.spec else {
                return Err(problem(
                    FailureKind::Internal,
                    "Docker does not describe the version.",
                ));
            };
            let mode = ServiceSpecMode {
                replicated: Some(ServiceSpecModeReplicated {
                    replicas: Some(i64::from(replicas)),
                }),
                ..ServiceSpecMode::default()
            };
            if !restart && spec.mode.as_ref() == Some(&mode) {
                return Ok(());
            }
            spec.mode = Some(mode);
            self.keep_health(&mut spec);
            if restart && let Some(template) = &mut spec.task_template {
                template.force_update = Some(template.force_update.unwrap_or_default() + 1);
            }
            let index = found.version.and_then(|version| version.index);
            let options = UpdateServiceOptionsBuilder::default()
                .version(i32::try_from(index.unwrap_or_default()).unwrap_or(i32::MAX))
                .build();
            match self.docker.update_service(name, spec, options, None).await {
                Ok(_) => return Ok(()),
                Err(bollard::errors::Error::DockerResponseServerError { message, .. })
                    if attempt < ATTEMPTS && message.contains("out of sequence") => {}
                Err(error) => return Err(refused("The change", &error)),
            }
        }
    }
}
