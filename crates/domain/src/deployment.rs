//! The state machine of a deployment.
//!
//! `queued → fetching → building → releasing → starting → verifying → switching → live`,
//! with the ends `failed`, `cancelled`, `superseded` and `retired`. A stage may be
//! skipped (an image needs no fetching) or entered again (after a crash), never left
//! backwards.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Failure;

/// One stage of the work of a deployment, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The source is brought to the machine.
    Fetching,
    /// The image is built or pulled.
    Building,
    /// The release command runs in the new image.
    Releasing,
    /// The new version's containers start.
    Starting,
    /// The new version is probed.
    Verifying,
    /// Traffic moves to the new version.
    Switching,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Self; 6] = [
        Self::Fetching,
        Self::Building,
        Self::Releasing,
        Self::Starting,
        Self::Verifying,
        Self::Switching,
    ];

    /// The stable name, as stored and as the API shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fetching => "fetching",
            Self::Building => "building",
            Self::Releasing => "releasing",
            Self::Starting => "starting",
            Self::Verifying => "verifying",
            Self::Switching => "switching",
        }
    }

    /// Reads the stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }
}

/// Where a deployment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentState {
    /// Waits for its turn.
    Queued,
    /// Works on a stage.
    Running(Stage),
    /// Serves the traffic.
    Live,
    /// Ended without becoming live.
    Failed(Failure),
    /// Ended because somebody asked for it.
    Cancelled,
    /// Was overtaken in the queue by the deployment with this number.
    Superseded {
        /// The number of the newer deployment.
        by: i32,
    },
    /// Was live and has been replaced.
    Retired,
}

/// A deployment cannot go from where it is to where it was told to go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a deployment that is {from} cannot become {to}")]
pub struct InvalidTransition {
    /// The status it has.
    pub from: &'static str,
    /// The status it was to get.
    pub to: &'static str,
}

impl DeploymentState {
    /// The stable name: `queued`, the stage's name while it runs, or the end's name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running(stage) => stage.as_str(),
            Self::Live => "live",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
            Self::Superseded { .. } => "superseded",
            Self::Retired => "retired",
        }
    }

    /// Whether nothing more will be done for it. A live deployment has ended its work
    /// although it may still be retired.
    pub fn has_ended(&self) -> bool {
        match self {
            Self::Queued | Self::Running(_) => false,
            Self::Live
            | Self::Failed(_)
            | Self::Cancelled
            | Self::Superseded { .. }
            | Self::Retired => true,
        }
    }

    /// Takes up a stage: the first one, a later one, or the same one again.
    ///
    /// # Errors
    /// When it has ended or is already past that stage.
    pub fn enter(self, stage: Stage) -> Result<Self, InvalidTransition> {
        match self {
            Self::Queued => Ok(Self::Running(stage)),
            Self::Running(current) if stage >= current => Ok(Self::Running(stage)),
            other => Err(other.refuse(stage.as_str())),
        }
    }

    /// Becomes live, from switching only.
    ///
    /// # Errors
    /// In every other state.
    pub fn go_live(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Running(Stage::Switching) => Ok(Self::Live),
            other => Err(other.refuse("live")),
        }
    }

    /// Ends with a failure, while queued or running.
    ///
    /// # Errors
    /// When it has ended.
    pub fn fail(self, failure: Failure) -> Result<Self, InvalidTransition> {
        match self {
            Self::Queued | Self::Running(_) => Ok(Self::Failed(failure)),
            other => Err(other.refuse("failed")),
        }
    }

    /// Ends because somebody asked for it, while queued or running.
    ///
    /// # Errors
    /// When it has ended.
    pub fn cancel(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Queued | Self::Running(_) => Ok(Self::Cancelled),
            other => Err(other.refuse("cancelled")),
        }
    }

    /// Gives way to a newer deployment, while queued only.
    ///
    /// # Errors
    /// In every other state.
    pub fn supersede(self, by: i32) -> Result<Self, InvalidTransition> {
        match self {
            Self::Queued => Ok(Self::Superseded { by }),
            other => Err(other.refuse("superseded")),
        }
    }

    /// Is replaced by a newer live deployment.
    ///
    /// # Errors
    /// When it is not live.
    pub fn retire(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Live => Ok(Self::Retired),
            other => Err(other.refuse("retired")),
        }
    }

    /// Is replaced after it was seen to fail while it was live.
    ///
    /// # Errors
    /// When it is not live.
    pub fn break_down(self, failure: Failure) -> Result<Self, InvalidTransition> {
        match self {
            Self::Live => Ok(Self::Failed(failure)),
            other => Err(other.refuse("failed")),
        }
    }

    fn refuse(&self, to: &'static str) -> InvalidTransition {
        InvalidTransition {
            from: self.as_str(),
            to,
        }
    }
}

/// How a new version takes the place of the running one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Start the new version beside the old one, verify it, switch, drain.
    #[default]
    BlueGreen,
    /// Replace the old version in steps, so that only some containers run twice.
    Rolling,
    /// Stop the old version first: for a volume with one writer, or a host port.
    Recreate,
}

/// How long each stage took so far; a stage that was skipped or not reached is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StageTimings {
    /// Milliseconds from the request to the start of the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queued: Option<i64>,
    /// Milliseconds of fetching.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetching: Option<i64>,
    /// Milliseconds of building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub building: Option<i64>,
    /// Milliseconds of releasing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub releasing: Option<i64>,
    /// Milliseconds of starting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starting: Option<i64>,
    /// Milliseconds of verifying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifying: Option<i64>,
    /// Milliseconds of switching.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switching: Option<i64>,
}

impl StageTimings {
    /// Where the time of a stage is kept.
    pub fn slot(&mut self, stage: Stage) -> &mut Option<i64> {
        match stage {
            Stage::Fetching => &mut self.fetching,
            Stage::Building => &mut self.building,
            Stage::Releasing => &mut self.releasing,
            Stage::Starting => &mut self.starting,
            Stage::Verifying => &mut self.verifying,
            Stage::Switching => &mut self.switching,
        }
    }

    /// Notes how long a stage took, adding to an earlier attempt at it.
    pub fn record(&mut self, stage: Stage, took: Duration) {
        let slot = self.slot(stage);
        let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        *slot = Some(slot.unwrap_or(0).saturating_add(took_ms));
    }
}

#[cfg(test)]
mod tests;
