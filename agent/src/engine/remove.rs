//! Removes what runs or lies about.

use bollard::query_parameters::{
    ListVolumesOptionsBuilder, RemoveImageOptionsBuilder, RemoveVolumeOptions,
};
use longshore_agent_api::AgentProblem;
use longshore_domain::ServiceId;

use super::{Engine, is_absent, refused};
use crate::machine::Owned;

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
        Ok(())
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
        let filters = std::collections::HashMap::from([("label", vec![label])]);
        let options = ListVolumesOptionsBuilder::default()
            .filters(&filters)
            .build();
        let found = self
            .docker
            .list_volumes(Some(options))
            .await
            .map_err(|error| refused("The list of volumes", &error))?;
        for volume in found.volumes.unwrap_or_default() {
            let removed = self
                .docker
                .remove_volume(&volume.name, None::<RemoveVolumeOptions>)
                .await;
            match removed {
                Err(error) if !is_absent(&error) => {
                    return Err(refused("The volume's removal", &error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
