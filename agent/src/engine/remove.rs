//! Removes what runs or lies about.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListVolumesOptionsBuilder, RemoveImageOptionsBuilder,
    RemoveVolumeOptions,
};
use longshore_agent_api::AgentProblem;
use longshore_domain::ServiceId;

use super::{Engine, is_absent, is_conflict, refused};
use crate::machine::Owned;

/// How often Docker is asked whether containers have gone.
const POLL: Duration = Duration::from_millis(100);
/// How long containers of a removed service may take to let go of a volume; the next
/// reconcile pass tries again.
const STOPPING: Duration = Duration::from_secs(20);

impl Engine {
    /// Removes what runs of one version; its image stays. Nothing to remove is no error.
    ///
    /// # Errors
    /// When Docker does not.
    pub async fn remove_version(
        &self,
        service: ServiceId,
        number: i32,
    ) -> Result<(), AgentProblem> {
        for version in self.swarm_services(Some(service)).await? {
            if version.number == number {
                self.delete_service(&version.name).await?;
            }
        }
        for container in self.one_offs(Some(service)).await? {
            if container.number == Some(number) {
                self.remove_one_off(&container.id).await?;
            }
        }
        self.remove_files(service, Some(number)).await
    }

    /// Waits until no container of a version is left on this machine.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn until_gone(&self, service: ServiceId, number: i32) -> Result<(), AgentProblem> {
        let labels = vec![
            format!("{}={service}", self.names.service()),
            format!("{}={number}", self.names.number()),
        ];
        let filters = HashMap::from([("label", labels)]);
        loop {
            let options = ListContainersOptionsBuilder::default()
                .filters(&filters)
                .build();
            let left = self
                .docker
                .list_containers(Some(options))
                .await
                .map_err(|error| refused("The list of containers", &error))?;
            if left.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Removes everything of a service, also its images and, when asked for, its volumes.
    ///
    /// # Errors
    /// When Docker does not.
    pub async fn remove_service(
        &self,
        service: ServiceId,
        volumes: bool,
    ) -> Result<(), AgentProblem> {
        for version in self.swarm_services(Some(service)).await? {
            self.delete_service(&version.name).await?;
        }
        for container in self.one_offs(Some(service)).await? {
            self.remove_one_off(&container.id).await?;
        }
        self.remove_all_once(service).await?;
        self.remove_files(service, None).await?;
        for owned in self.images(service).await? {
            if let Owned::Image { tag, .. } = owned {
                // An image that a container still holds goes with the reconciler.
                if let Err(problem) = self.remove_image(&tag).await {
                    tracing::info!(tag, %problem, "an image stays for now");
                }
            }
        }
        if volumes {
            self.remove_volumes(service).await?;
        }
        Ok(())
    }

    /// Takes a tag away, and the image with its last one. Images that containers use stay.
    ///
    /// # Errors
    /// When Docker does not.
    pub async fn remove_image(&self, tag: &str) -> Result<(), AgentProblem> {
        let options = RemoveImageOptionsBuilder::default().build();
        match self.docker.remove_image(tag, Some(options), None).await {
            Err(error) if !is_absent(&error) => Err(refused("The image's removal", &error)),
            _ => Ok(()),
        }
    }

    pub(super) async fn delete_service(&self, swarm_service: &str) -> Result<(), AgentProblem> {
        match self.docker.delete_service(swarm_service).await {
            Err(error) if !is_absent(&error) => Err(refused("The service's removal", &error)),
            _ => Ok(()),
        }
    }

    async fn remove_volumes(&self, service: ServiceId) -> Result<(), AgentProblem> {
        let label = format!("{}={service}", self.names.service());
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListVolumesOptionsBuilder::default()
            .filters(&filters)
            .build();
        let found = self
            .docker
            .list_volumes(Some(options))
            .await
            .map_err(|error| refused("The list of volumes", &error))?;
        for volume in found.volumes.unwrap_or_default() {
            self.remove_volume(&volume.name).await?;
        }
        Ok(())
    }

    /// Waits for containers that are still stopping: they hold the volume.
    async fn remove_volume(&self, volume: &str) -> Result<(), AgentProblem> {
        let started = Instant::now();
        loop {
            let removed = self
                .docker
                .remove_volume(volume, None::<RemoveVolumeOptions>)
                .await;
            match removed {
                Ok(()) => return Ok(()),
                Err(error) if is_absent(&error) => return Ok(()),
                Err(error) if is_conflict(&error) && started.elapsed() < STOPPING => {
                    tokio::time::sleep(POLL).await;
                }
                Err(error) => return Err(refused("The volume's removal", &error)),
            }
        }
    }
}
