//! Volumes, and data of services that are gone.

use longshore_control::{KeptDataView, StorageOfService, StorageView, VolumeOnMachine};
use longshore_domain::{BindMount, FilePath};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::storage::{Volume, of_service, on_machine};

/// What keeps data for a team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Storage {
    /// Services that have volumes, files or directories of the machine.
    services: Vec<StorageOf>,
    /// What was kept of services that are gone.
    kept: Vec<KeptData>,
}

/// What a service's containers find.
#[derive(Debug, Serialize, ToSchema)]
struct StorageOf {
    service: Uuid,
    name: String,
    kind: &'static str,
    project: String,
    environment: String,
    volumes: Vec<Volume>,
    /// Paths of files with a text of their own.
    #[schema(value_type = Vec<String>)]
    files: Vec<FilePath>,
    #[schema(value_type = Vec<Object>)]
    binds: Vec<BindMount>,
}

/// Data of a service that is gone.
#[derive(Debug, Serialize, ToSchema)]
struct KeptData {
    service: Uuid,
    name: String,
    project: String,
    environment: String,
    #[serde(with = "time::serde::rfc3339")]
    deleted_at: OffsetDateTime,
    volumes: Vec<Volume>,
}

impl Storage {
    /// What is configured, with what the machine has.
    pub(crate) fn new(view: StorageView, found: Option<&[VolumeOnMachine]>) -> Self {
        Self {
            services: view
                .services
                .into_iter()
                .map(|service| StorageOf::new(service, found))
                .filter(|of| !(of.volumes.is_empty() && of.files.is_empty() && of.binds.is_empty()))
                .collect(),
            kept: view
                .kept
                .into_iter()
                .map(|kept| KeptData::new(kept, found.unwrap_or_default()))
                .collect(),
        }
    }
}

impl StorageOf {
    fn new(service: StorageOfService, found: Option<&[VolumeOnMachine]>) -> Self {
        let volumes = of_service(service.id, &service.volumes, found);
        Self {
            service: service.id.0,
            name: service.name,
            kind: service.kind.as_str(),
            project: service.project,
            environment: service.environment.name,
            volumes,
            files: service.files,
            binds: service.binds,
        }
    }
}

impl KeptData {
    fn new(kept: KeptDataView, found: &[VolumeOnMachine]) -> Self {
        Self {
            service: kept.service.0,
            name: kept.name,
            project: kept.project,
            environment: kept.environment,
            deleted_at: kept.deleted_at,
            volumes: on_machine(kept.service, found),
        }
    }
}
