//! Volumes as they are set up, put beside what the machine has.

use longshore_control::VolumeOnMachine;
use longshore_domain::{ServiceId, VolumeMount};
use serde::Serialize;
use utoipa::ToSchema;

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Volume {
    /// Its name within the service.
    pub(crate) name: String,
    /// Where its containers find it; absent when they do not have it any more.
    pub(crate) path: Option<String>,
    /// Whether they may only read it.
    pub(crate) read_only: bool,
    /// Whether several containers may write it at once.
    pub(crate) shared: bool,
    /// Whether it is on the machine: a volume is made for the first container that has it.
    /// Absent when the machine does not answer.
    pub(crate) exists: Option<bool>,
    /// Absent when it is not known, or the volume is not made yet.
    pub(crate) size_bytes: Option<u64>,
    /// Running containers that have it.
    pub(crate) containers: u32,
}

/// The volumes of a service: those that it mounts, then those that it mounted once.
pub(crate) fn of_service(
    service: ServiceId,
    mounts: &[VolumeMount],
    found: Option<&[VolumeOnMachine]>,
) -> Vec<Volume> {
    let has_answered = found.is_some();
    let found = found.unwrap_or_default();
    let mut volumes: Vec<Volume> = mounts
        .iter()
        .map(|mount| {
            let on_machine = found
                .iter()
                .find(|volume| volume.service == service && volume.name == mount.name);
            Volume {
                name: mount.name.to_string(),
                path: Some(mount.path.to_string()),
                read_only: mount.read_only,
                shared: mount.shared,
                exists: has_answered.then_some(on_machine.is_some()),
                size_bytes: on_machine.and_then(|volume| volume.size_bytes),
                containers: on_machine.map_or(0, |volume| volume.containers),
            }
        })
        .collect();
    let mut left = on_machine(service, found);
    left.retain(|volume| volumes.iter().all(|known| known.name != volume.name));
    volumes.extend(left);
    volumes
}

/// The volumes of a service as they lie on the machine.
pub(crate) fn on_machine(service: ServiceId, found: &[VolumeOnMachine]) -> Vec<Volume> {
    found
        .iter()
        .filter(|volume| volume.service == service)
        .map(|volume| Volume {
            name: volume.name.to_string(),
            path: None,
            read_only: false,
            shared: false,
            exists: Some(true),
            size_bytes: volume.size_bytes,
            containers: volume.containers,
        })
        .collect()
}
