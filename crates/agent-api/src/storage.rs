//! Volumes on the machine, and commands inside a service's container.

use std::collections::BTreeMap;

use longshore_domain::{EnvKey, EnvironmentId, ServiceId, VolumeName};
use serde::{Deserialize, Serialize};

use crate::WireSecret;

/// A volume of this instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeStatus {
    /// The service that it belongs to, which may be gone.
    pub service: ServiceId,
    /// The environment in which it was made.
    pub environment: EnvironmentId,
    /// Its name within the service.
    pub name: VolumeName,
    /// What it takes on the disk; none when that cannot be seen or takes too long to count.
    pub size_bytes: Option<u64>,
    /// Running containers that have it.
    pub containers: u32,
}

/// A command to run once in a container of the live version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerCommand {
    /// The number of the live deployment.
    pub number: i32,
    /// Program and arguments, without a shell.
    pub argv: Vec<WireSecret>,
    /// Variables that it gets instead of the container's.
    pub variables: BTreeMap<EnvKey, WireSecret>,
    /// Seconds that it may take.
    pub timeout_seconds: u32,
}

/// How such a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandEnd {
    /// Its exit code.
    pub code: i64,
    /// The start of what it said.
    pub output: String,
}
