//! What this instance has in Docker.

use std::collections::{HashMap, HashSet};

use bollard::models::{ImageSummary, Network, Service};
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder,
    ListServicesOptionsBuilder,
};
use longshore_agent_api::{AgentProblem, DeployJob};
use longshore_domain::{DeploymentId, ServiceId};

use super::release::RELEASE;
use super::{Engine, Names, refused};
use crate::machine::Owned;

/// The Swarm service of one version.
pub(super) struct SwarmService {
    pub(super) name: String,
    pub(super) service: ServiceId,
    pub(super) number: i32,
    pub(super) part: usize,
    pub(super) found: Service,
}

/// A container that runs once.
pub(super) struct OneOff {
    pub(super) id: String,
    pub(super) number: Option<i32>,
    pub(super) deployment: Option<DeploymentId>,
}

impl Engine {
    /// The labels that let the inventory find an image of a job.
    pub fn image_labels(&self, job: &DeployJob) -> HashMap<String, String> {
        HashMap::from([
            (self.names.owned(), String::new()),
            (self.names.service(), job.service.to_string()),
        ])
    }

    /// Everything with this instance's label but the proxy, its network, and images that
    /// containers use, for those cannot go.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn list_owned(&self) -> Result<Vec<Owned>, AgentProblem> {
        let mut services = self.swarm_services(None).await?;
        services.sort_by_key(|version| (version.service.0, version.number));
        let mut owned: Vec<Owned> = services
            .into_iter()
            .map(|version| Owned::Version {
                service: version.service,
                number: version.number,
            })
            .collect();
        // A version may run in several parts.
        owned.dedup();
        for (service, number) in self.versions_with_files().await? {
            let version = Owned::Version { service, number };
            if !owned.contains(&version) {
                owned.push(version);
            }
        }
        owned.extend(
            self.one_offs(None)
                .await?
                .into_iter()
                .map(|container| Owned::OneOff {
                    id: container.id,
                    deployment: container.deployment,
                }),
        );
        owned.extend(self.environment_networks().await?);
        owned.extend(self.stack_networks().await?);
        owned.extend(self.unused_images().await?);
        Ok(owned)
    }

    /// The Swarm services of one service, or of all.
    pub(super) async fn swarm_services(
        &self,
        service: Option<ServiceId>,
    ) -> Result<Vec<SwarmService>, AgentProblem> {
        let services = self.services_with(self.service_label(service)).await?;
        Ok(services
            .into_iter()
            .filter_map(|found| {
                let spec = found.spec.as_ref()?;
                let labels = spec.labels.as_ref();
                Some(SwarmService {
                    name: spec.name.clone()?,
                    service: Names::read(labels, &self.names.service())?,
                    number: Names::read(labels, &self.names.number())?,
                    part: Names::read(labels, &self.names.part()).unwrap_or_default(),
                    found,
                })
            })
            .collect())
    }

    /// The one-off containers of one service, or of all.
    pub(super) async fn one_offs(
        &self,
        service: Option<ServiceId>,
    ) -> Result<Vec<OneOff>, AgentProblem> {
        let labels = vec![
            self.service_label(service),
            format!("{}={RELEASE}", self.names.role()),
        ];
        let filters = HashMap::from([("label", labels)]);
        let options = ListContainersOptionsBuilder::default()
            .all(true)
            .filters(&filters)
            .build();
        let containers = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(|error| refused("The list of containers", &error))?;
        Ok(containers
            .into_iter()
            .filter_map(|container| {
                let labels = container.labels.as_ref();
                Some(OneOff {
                    number: Names::read(labels, &self.names.number()),
                    deployment: self.names.deployment_of(labels),
                    id: container.id?,
                })
            })
            .collect())
    }

    /// The tagged images of one service.
    pub(super) async fn images(&self, service: ServiceId) -> Result<Vec<Owned>, AgentProblem> {
        let images = self.tagged_images(Some(service)).await?;
        Ok(self.versions_of(images))
    }

    /// The tagged images of all services that no container has, whoever made it.
    async fn unused_images(&self) -> Result<Vec<Owned>, AgentProblem> {
        let mut images = self.tagged_images(None).await?;
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let options = ListContainersOptionsBuilder::default().all(true).build();
        let containers = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(|error| refused("The list of containers", &error))?;
        let used: HashSet<String> = containers
            .into_iter()
            .filter_map(|container| container.image_id)
            .collect();
        images.retain(|image| !used.contains(&image.id));
        Ok(self.versions_of(images))
    }

    async fn tagged_images(
        &self,
        service: Option<ServiceId>,
    ) -> Result<Vec<ImageSummary>, AgentProblem> {
        let id = service.map_or_else(|| "*".to_owned(), |id| id.to_string());
        let reference = format!("{}.invalid/{id}", self.config.instance);
        let filters = HashMap::from([("reference", vec![reference])]);
        let options = ListImagesOptionsBuilder::default()
            .filters(&filters)
            .build();
        self.docker
            .list_images(Some(options))
            .await
            .map_err(|error| refused("The list of images", &error))
    }

    /// The versions that images are tagged as.
    fn versions_of(&self, images: Vec<ImageSummary>) -> Vec<Owned> {
        let prefix = format!("{}.invalid/", self.config.instance);
        images
            .into_iter()
            .flat_map(|image| image.repo_tags)
            .filter_map(|tag| {
                let (service, number) = tag.strip_prefix(&prefix)?.split_once(':')?;
                Some(Owned::Image {
                    service: service.parse().ok()?,
                    number: number.parse().ok()?,
                    tag,
                })
            })
            .collect()
    }

    async fn environment_networks(&self) -> Result<Vec<Owned>, AgentProblem> {
        let networks = self.networks_with(self.names.environment()).await?;
        Ok(networks
            .into_iter()
            .filter_map(|network| {
                let labels = network.labels.as_ref();
                let environment = Names::read(labels, &self.names.environment())?;
                Some(Owned::Network { environment })
            })
            .collect())
    }

    /// The Swarm services with a label, and how many of their containers run.
    pub(super) async fn services_with(&self, label: String) -> Result<Vec<Service>, AgentProblem> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListServicesOptionsBuilder::default()
            .filters(&filters)
            .status(true)
            .build();
        self.docker
            .list_services(Some(options))
            .await
            .map_err(|error| refused("The list of services", &error))
    }

    /// The networks with a label.
    pub(super) async fn networks_with(&self, label: String) -> Result<Vec<Network>, AgentProblem> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListNetworksOptionsBuilder::default()
            .filters(&filters)
            .build();
        self.docker
            .list_networks(Some(options))
            .await
            .map_err(|error| refused("The list of networks", &error))
    }

    pub(super) fn service_label(&self, service: Option<ServiceId>) -> String {
        match service {
            Some(id) => format!("{}={id}", self.names.service()),
            None => self.names.service(),
        }
    }
}
