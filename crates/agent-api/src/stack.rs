//! Stacks: Compose files whose services run together.

use std::path::PathBuf;

use longshore_domain::compose::{Component, ComponentRelease};
use longshore_domain::{RelativePath, ServiceId};
use serde::{Deserialize, Serialize};

/// What a job of a stack has beside that of an app. The job's variables are those that the
/// file may use; its routes name their components.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackJob {
    /// The Compose file.
    pub file: ComposeFile,
    /// What runs of the live version.
    pub live: Vec<ComponentRelease>,
    /// The components of an earlier version whose images are run again; empty when images
    /// are built and pulled.
    pub again: Vec<ComponentRelease>,
}

/// Where the Compose file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ComposeFile {
    /// In the repository.
    Path {
        /// The file.
        path: RelativePath,
    },
    /// Here.
    Text {
        /// Its text.
        text: String,
    },
}

/// A component, as the part of a stack's job that the agent runs like a job of its own. It
/// never leaves the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackComponent {
    /// The stack.
    pub stack: ServiceId,
    /// The component.
    pub component: Component,
    /// Copies of what it mounts of the checkout, by the place in the container.
    pub copies: Vec<(String, PathBuf)>,
    /// A digest of all that decides how it runs, but for the image.
    pub fingerprint: String,
}
