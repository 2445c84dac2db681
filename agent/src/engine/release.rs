//! Runs the release command once, in the new image, before anything is switched.

use std::collections::HashMap;

use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, NetworkingConfig,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, RemoveContainerOptionsBuilder,
    StartContainerOptions, WaitContainerOptions,
};
use futures_util::StreamExt as _;
use longshore_agent_api::{AgentProblem, DeployJob};
use longshore_domain::FailureKind;

use super::binds::bind_mount;
use super::spec::{environment, log_options, volume_mount};
use super::{Engine, brief, failed, is_absent, is_conflict, refused};
use crate::stage::{StageContext, StageError};

/// The role of these containers.
pub(super) const RELEASE: &str = "release";

impl Engine {
    /// Runs the release command to its end. A command that an earlier agent had begun is
    /// waited for, not begun again; its output goes on where the log ends.
    ///
    /// The container stays: as long as it is there, no other attempt runs the command once
    /// more. [`Engine::start`] removes it, or whoever clears up after a failure.
    ///
    /// # Errors
    /// When it ends with another exit code than 0, or is cancelled.
    pub async fn release(
        &self,
        ctx: &StageContext,
        job: &DeployJob,
        image: &str,
    ) -> Result<(), StageError> {
        let Some(command) = &job.release_command else {
            return Ok(());
        };
        let name = format!("{}-release", self.names.of_job(job));
        ctx.or_cancelled(async {
            self.end_other_releases(job).await.map_err(failed)?;
            let begun_before = self
                .begin_release(job, image, command, &name)
                .await
                .map_err(failed)?;
            if begun_before {
                ctx.sink.resume_output();
            }
            self.follow_release(ctx, &name).await
        })
        .await
    }

    /// Two release commands of one service never run at the same time. Another deployment's
    /// was given up by whoever let this one begin.
    async fn end_other_releases(&self, job: &DeployJob) -> Result<(), AgentProblem> {
        for other in self.one_offs(Some(job.service)).await? {
            if other.deployment != Some(job.deployment) {
                self.remove_one_off(&other.id).await?;
            }
        }
        Ok(())
    }

    /// Removes the container of a job's release command, once its end is noted.
    pub(super) async fn remove_release(&self, job: &DeployJob) -> Result<(), AgentProblem> {
        if job.release_command.is_none() {
            return Ok(());
        }
        let name = format!("{}-release", self.names.of_job(job));
        self.remove_one_off(&name).await
    }

    /// Begins it, unless it was begun before; tells whether it was.
    async fn begin_release(
        &self,
        job: &DeployJob,
        image: &str,
        command: &[String],
        name: &str,
    ) -> Result<bool, AgentProblem> {
        let image = self.image(image).await?;
        let mut labels = self.names.labels(job);
        labels.insert(self.names.role(), RELEASE.to_owned());
        let body = self.one_off(job, image.id, command, labels).await?;
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        match self.docker.create_container(Some(options), body).await {
            Ok(_) => {}
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(refused("The release container", &error)),
        }
        let state = self
            .docker
            .inspect_container(name, None::<InspectContainerOptions>)
            .await
            .map_err(|error| refused("The release container", &error))?
            .state
            .unwrap_or_default();
        let was_begun = state
            .started_at
            .is_some_and(|at| !at.starts_with("0001-01-01"));
        if was_begun {
            return Ok(true);
        }
        self.copy_files(job, name).await?;
        self.docker
            .start_container(name, None::<StartContainerOptions>)
            .await
            .map_err(|error| {
                let mut problem = refused("The release command", &error);
                if problem.kind == FailureKind::Internal {
                    problem.kind = FailureKind::ReleaseFailed;
                }
                problem
            })?;
        Ok(false)
    }

    /// A container that runs a command once as a version would, on the environment's network.
    pub(super) async fn one_off(
        &self,
        job: &DeployJob,
        image: Option<String>,
        command: &[String],
        labels: HashMap<String, String>,
    ) -> Result<ContainerCreateBody, AgentProblem> {
        let network = self.names.environment_network(job.environment);
        self.environment_network(job.environment).await?;
        Ok(ContainerCreateBody {
            image,
            entrypoint: Some(command.to_vec()),
            cmd: Some(Vec::new()),
            env: Some(environment(job)),
            labels: Some(labels),
            host_config: Some(HostConfig {
                network_mode: Some(network.clone()),
                memory: job.memory_limit_bytes,
                nano_cpus: job.cpu_limit_millis.map(|millis| millis * 1_000_000),
                init: Some(true),
                mounts: Some(
                    job.volumes
                        .iter()
                        // The version that runs has the others.
                        .filter(|volume| !volume.has_one_writer())
                        .map(|volume| volume_mount(job, &self.names, volume))
                        .chain(job.binds.iter().map(bind_mount))
                        .collect(),
                ),
                cap_drop: Some(vec!["NET_RAW".to_owned()]),
                log_config: Some(HostConfigLogConfig {
                    typ: Some("json-file".to_owned()),
                    config: Some(log_options()),
                }),
                ..HostConfig::default()
            }),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some([(network, EndpointSettings::default())].into()),
            }),
            ..ContainerCreateBody::default()
        })
    }

    async fn follow_release(&self, ctx: &StageContext, name: &str) -> Result<(), StageError> {
        let mut lines = self.lines(name, "all", None, true);
        while let Some(line) = lines.next().await {
            ctx.line(line.stream, line.text);
        }
        let mut wait = std::pin::pin!(
            self.docker
                .wait_container(name, None::<WaitContainerOptions>)
        );
        let code = match wait.next().await {
            Some(Ok(ended)) => ended.status_code,
            Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(failed(refused("The release command", &error))),
            None => -1,
        };
        if code == 0 {
            return Ok(());
        }
        let state = self
            .docker
            .inspect_container(name, None::<InspectContainerOptions>)
            .await
            .ok()
            .and_then(|container| container.state)
            .unwrap_or_default();
        if state.oom_killed == Some(true) {
            return Err(StageError::failed(
                FailureKind::OutOfMemory,
                "The release command needed more memory than it may have.",
            ));
        }
        let detail = state
            .error
            .filter(|error| !error.is_empty())
            .map(|error| format!(" ({})", brief(&error)))
            .unwrap_or_default();
        Err(StageError::failed(
            FailureKind::ReleaseFailed,
            format!("The release command ended with exit code {code}{detail}."),
        ))
    }

    /// Ends and removes a container that runs once.
    ///
    /// # Errors
    /// When Docker does not.
    pub async fn remove_one_off(&self, container: &str) -> Result<(), AgentProblem> {
        let options = RemoveContainerOptionsBuilder::default()
            .force(true)
            .v(true)
            .build();
        match self.docker.remove_container(container, Some(options)).await {
            Err(error) if !is_absent(&error) && !is_conflict(&error) => {
                Err(refused("A container's removal", &error))
            }
            _ => Ok(()),
        }
    }
}
