//! Commands that run once in the image of a version that runs.

use std::collections::HashMap;

use bollard::models::ContainerStateStatusEnum;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
    StartContainerOptions,
};
use longshore_agent_api::{AgentProblem, OnceRequest, OnceState, OnceStatus};
use longshore_domain::{FailureKind, JobId, ServiceId};

use super::{Engine, is_absent, is_conflict, problem, refused};

/// The role of these containers.
const ONCE: &str = "once";
/// The most lines of what a command wrote that are asked for.
const LINES: u32 = 5000;

impl Engine {
    /// Starts a command, unless it was started before.
    ///
    /// # Errors
    /// When the version is gone, or Docker does not.
    pub async fn start_once(&self, id: JobId, request: &OnceRequest) -> Result<(), AgentProblem> {
        let version = &request.version;
        self.check_binds(version)?;
        let name = self.name_of_once(id);
        let image = self.image_of(version).await.map_err(|_| {
            problem(
                FailureKind::StartFailed,
                "The live version does not exist on the server; deploy again.",
            )
        })?;
        let image = self.image(&image).await?;
        let mut labels = self.names.labels(version);
        // No container of the version itself: nobody waits for it, nobody replaces it.
        labels.remove(&self.names.number());
        labels.insert(self.names.role(), ONCE.to_owned());
        let body = self
            .one_off(version, image.id, &request.command, labels)
            .await?;
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        match self.docker.create_container(Some(options), body).await {
            Ok(_) => {}
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(refused("The container", &error)),
        }
        if self.once_status(id).await?.state != OnceState::Running {
            return Ok(());
        }
        self.copy_files(version, &name).await?;
        let started = self
            .docker
            .start_container(&name, None::<StartContainerOptions>)
            .await;
        if let Err(error) = started {
            self.remove_one_off(&name).await?;
            return Err(refused("The command", &error));
        }
        Ok(())
    }

    /// Where a command stands. One that was made and not started counts as running.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn once_status(&self, id: JobId) -> Result<OnceStatus, AgentProblem> {
        let name = self.name_of_once(id);
        let found = self
            .docker
            .inspect_container(&name, None::<InspectContainerOptions>)
            .await;
        let state = match found {
            Ok(container) => container.state.unwrap_or_default(),
            Err(error) if is_absent(&error) => {
                return Ok(OnceStatus {
                    state: OnceState::Missing,
                    log: String::new(),
                });
            }
            Err(error) => return Err(refused("The container", &error)),
        };
        let lines = self.tail(&name, LINES).await;
        let mut log = String::new();
        for line in lines {
            log.push_str(&line.text);
            log.push('\n');
        }
        let has_ended = matches!(
            state.status,
            Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD)
        );
        let state = if has_ended {
            OnceState::Ended {
                code: state.exit_code.unwrap_or(-1),
                out_of_memory: state.oom_killed == Some(true),
            }
        } else {
            OnceState::Running
        };
        Ok(OnceStatus { state, log })
    }

    /// Ends and removes a command's container.
    ///
    /// # Errors
    /// When Docker does not.
    pub async fn remove_once(&self, id: JobId) -> Result<(), AgentProblem> {
        self.remove_one_off(&self.name_of_once(id)).await
    }

    /// Removes all of a service.
    pub(super) async fn remove_all_once(&self, service: ServiceId) -> Result<(), AgentProblem> {
        let labels = vec![
            self.service_label(Some(service)),
            format!("{}={ONCE}", self.names.role()),
        ];
        let filters = HashMap::from([("label", labels)]);
        let options = ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filters)
            .build();
        let found = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(|error| refused("The list of containers", &error))?;
        for id in found.into_iter().filter_map(|container| container.id) {
            self.remove_one_off(&id).await?;
        }
        Ok(())
    }

    fn name_of_once(&self, id: JobId) -> String {
        format!("{}-once-{id}", self.names.instance())
    }
}
