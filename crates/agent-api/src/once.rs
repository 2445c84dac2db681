//! Commands that run once in a container of their own.

use serde::{Deserialize, Serialize};

use crate::DeployJob;

/// A command to run once in the image of a version that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnceRequest {
    /// Program and arguments.
    pub command: Vec<String>,
    /// The version whose image, variables, networks and shared volumes it gets.
    pub version: DeployJob,
}

/// Where a command that runs once stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnceStatus {
    /// Its state.
    pub state: OnceState,
    /// The end of what it wrote.
    pub log: String,
}

/// The state of a command that runs once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum OnceState {
    /// There is no such container.
    Missing,
    /// It runs, or is being started.
    Running,
    /// It has ended.
    Ended {
        /// The exit code.
        code: i64,
        /// Whether it used up its memory.
        out_of_memory: bool,
    },
}
