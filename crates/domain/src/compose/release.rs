//! What runs of a live stack, without secrets.

use serde::{Deserialize, Serialize};

use super::ComponentName;
use crate::run::Port;
use crate::{ServiceId, VolumeName};

/// One component of a version of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentRelease {
    /// Its name.
    pub name: ComponentName,
    /// The id under which it runs.
    pub service: ServiceId,
    /// The number of the deployment that started what runs of it: one that did not change
    /// goes on.
    pub number: i32,
    /// Its containers.
    pub replicas: u32,
    /// Whether it runs once to its end.
    pub runs_once: bool,
    /// Whether the proxy can reach it.
    pub takes_requests: bool,
    /// The port that the file names first, for a new domain.
    #[serde(default)]
    pub port: Option<Port>,
    /// The image's reference in the file; none when it is built.
    #[serde(default)]
    pub reference: Option<String>,
    /// The image's tag on the machine.
    pub image: String,
    /// The image's identity, `sha256:…`.
    pub digest: String,
    /// Its volumes.
    #[serde(default)]
    pub volumes: Vec<VolumeName>,
}
