//! Views of storage.

use std::collections::BTreeMap;

use longshore_domain::{
    BindMount, DeploymentId, EnvKey, EnvironmentId, FilePath, Secret, ServiceId, VolumeMount,
    VolumeName,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::{Named, ServiceKind};

/// What keeps data for a team.
#[derive(Debug, Clone, Serialize)]
pub struct StorageView {
    /// All services.
    pub services: Vec<StorageOfService>,
    /// What was kept of services that are gone.
    pub kept: Vec<KeptDataView>,
}

/// What a service's containers find.
#[derive(Debug, Clone, Serialize)]
pub struct StorageOfService {
    /// The service.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ServiceKind,
    /// Its project's name.
    pub project: String,
    /// Its environment.
    pub environment: Named<EnvironmentId>,
    /// Its volumes.
    pub volumes: Vec<VolumeMount>,
    /// Its files.
    pub files: Vec<FilePath>,
    /// Its directories of the machine.
    pub binds: Vec<BindMount>,
}

/// Data of a service that is gone.
#[derive(Debug, Clone, Serialize)]
pub struct KeptDataView {
    /// The service.
    pub service: ServiceId,
    /// The name that it had.
    pub name: String,
    /// The project that it was in.
    pub project: String,
    /// The environment that it was in.
    pub environment: String,
    /// When it was removed.
    #[serde(with = "time::serde::rfc3339")]
    pub deleted_at: OffsetDateTime,
}

/// A volume as it is on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeOnMachine {
    /// The service that it belongs to.
    pub service: ServiceId,
    /// Its name within the service.
    pub name: VolumeName,
    /// What it takes on the disk; none when that is not known.
    pub size_bytes: Option<u64>,
    /// Running containers that have it.
    pub containers: u32,
}

/// A command to run once in a container of a service's live version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerCommand {
    /// The service.
    pub service: ServiceId,
    /// The number of its live deployment.
    pub live_number: i32,
    /// Program and arguments, without a shell.
    pub argv: Vec<Secret>,
    /// The variables that it gets.
    pub variables: BTreeMap<EnvKey, Secret>,
    /// Seconds that it may take.
    pub timeout_seconds: u32,
}

/// How a database gets its new password.
#[derive(Debug, Clone)]
pub enum PasswordPlan {
    /// One of these commands tells it, whichever works first.
    Run(Vec<ContainerCommand>),
    /// By this deployment, which is on its way.
    Deployed(DeploymentId),
}
