//! The bare status of a deployment: [`crate::DeploymentState`] without its data.

use serde::{Deserialize, Serialize};

use crate::Stage;

/// Where a deployment stands, as stored and as the API shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentStatus {
    /// Waits for its turn.
    Queued,
    /// Brings the source to the machine.
    Fetching,
    /// Builds or pulls the image.
    Building,
    /// Runs the release command.
    Releasing,
    /// Starts the new version.
    Starting,
    /// Probes the new version.
    Verifying,
    /// Moves the traffic.
    Switching,
    /// Serves the traffic.
    Live,
    /// Ended without becoming live.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
    /// Was overtaken in the queue.
    Superseded,
    /// Was live and has been replaced.
    Retired,
}

impl DeploymentStatus {
    /// All statuses.
    pub const ALL: [Self; 12] = [
        Self::Queued,
        Self::Fetching,
        Self::Building,
        Self::Releasing,
        Self::Starting,
        Self::Verifying,
        Self::Switching,
        Self::Live,
        Self::Failed,
        Self::Cancelled,
        Self::Superseded,
        Self::Retired,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Fetching => "fetching",
            Self::Building => "building",
            Self::Releasing => "releasing",
            Self::Starting => "starting",
            Self::Verifying => "verifying",
            Self::Switching => "switching",
            Self::Live => "live",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Retired => "retired",
        }
    }

    /// Reads the stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The stage it works on, while it runs.
    pub fn stage(self) -> Option<Stage> {
        match self {
            Self::Fetching => Some(Stage::Fetching),
            Self::Building => Some(Stage::Building),
            Self::Releasing => Some(Stage::Releasing),
            Self::Starting => Some(Stage::Starting),
            Self::Verifying => Some(Stage::Verifying),
            Self::Switching => Some(Stage::Switching),
            Self::Queued
            | Self::Live
            | Self::Failed
            | Self::Cancelled
            | Self::Superseded
            | Self::Retired => None,
        }
    }

    /// Whether it works on a stage.
    pub fn is_running(self) -> bool {
        self.stage().is_some()
    }

    /// Whether nothing more will be done for it; a live deployment has ended its work.
    pub fn has_ended(self) -> bool {
        self != Self::Queued && !self.is_running()
    }
}

impl From<Stage> for DeploymentStatus {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Fetching => Self::Fetching,
            Stage::Building => Self::Building,
            Stage::Releasing => Self::Releasing,
            Stage::Starting => Self::Starting,
            Stage::Verifying => Self::Verifying,
            Stage::Switching => Self::Switching,
        }
    }
}
