//! States as people see them: a colour, an icon and a word, never a colour alone.

use longshore_control::view::{ComponentView, Decision, ServiceStatus};
use longshore_domain::{DeploymentStatus, Stage};

use super::Icon;
use crate::state::VersionState;

/// A state, ready to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The class of the colour.
    pub tone: &'static str,
    /// The icon.
    pub icon: Icon,
    /// The word.
    pub word: &'static str,
}

impl Status {
    /// Something works.
    pub const WORKS: Self = Self::new("tone-good", Icon::CheckCircle, "Working");
    /// Something does not work.
    pub const BROKEN: Self = Self::new("tone-bad", Icon::Alert, "Not working");
    /// What is on the machine is not what shall be there.
    pub const DIFFERS: Self = Self::new("tone-bad", Icon::Alert, "Not as it should be");
    /// It is not known whether something works.
    pub const UNKNOWN: Self = Self::new("tone-idle", Icon::Dot, "Not known");

    /// A state of one's own.
    pub const fn new(tone: &'static str, icon: Icon, word: &'static str) -> Self {
        Self { tone, icon, word }
    }

    /// The state of a deployment.
    pub fn of_deployment(status: DeploymentStatus) -> Self {
        match status {
            DeploymentStatus::Queued => Self::new("tone-warn", Icon::Clock, "Queued"),
            DeploymentStatus::Fetching => Self::busy(Stage::Fetching),
            DeploymentStatus::Building => Self::busy(Stage::Building),
            DeploymentStatus::Releasing => Self::busy(Stage::Releasing),
            DeploymentStatus::Starting => Self::busy(Stage::Starting),
            DeploymentStatus::Verifying => Self::busy(Stage::Verifying),
            DeploymentStatus::Switching => Self::busy(Stage::Switching),
            DeploymentStatus::Live => Self::new("tone-good", Icon::CheckCircle, "Live"),
            DeploymentStatus::Failed => Self::new("tone-bad", Icon::Alert, "Failed"),
            DeploymentStatus::Cancelled => Self::new("tone-idle", Icon::Ban, "Cancelled"),
            DeploymentStatus::Superseded => Self::new("tone-idle", Icon::ArrowRight, "Superseded"),
            DeploymentStatus::Retired => Self::new("tone-idle", Icon::Archive, "Retired"),
        }
    }

    fn busy(stage: Stage) -> Self {
        Self::new("tone-busy", Icon::Spinner, stage_word(stage))
    }

    /// How a service does.
    pub fn of_service(status: ServiceStatus) -> Self {
        match status {
            ServiceStatus::NeverDeployed => Self::new("tone-idle", Icon::Dot, "Not deployed"),
            ServiceStatus::Running => Self::new("tone-good", Icon::CheckCircle, "Running"),
            ServiceStatus::Deploying => Self::new("tone-busy", Icon::Spinner, "Deploying"),
            ServiceStatus::Failed => Self::new("tone-bad", Icon::Alert, "Failed"),
            ServiceStatus::Stopped => Self::new("tone-idle", Icon::Pause, "Stopped"),
        }
    }

    /// How a component of a stack does.
    pub fn of_component(
        component: &ComponentView,
        seen: Option<&VersionState>,
        is_stopped: bool,
    ) -> Self {
        match seen {
            _ if component.runs_once => Self::new("tone-idle", Icon::Check, "Done"),
            _ if is_stopped => Self::new("tone-idle", Icon::Pause, "Stopped"),
            None => Self::UNKNOWN,
            Some(seen) if seen.running >= component.replicas => {
                Self::new("tone-good", Icon::CheckCircle, "Running")
            }
            Some(_) => Self::new("tone-warn", Icon::Alert, "Not complete"),
        }
    }

    /// What was done about a webhook.
    pub fn of_decision(decision: Decision) -> Self {
        match decision {
            Decision::Deployed => Self::new("tone-good", Icon::Rocket, "Deployed"),
            Decision::Ignored => Self::new("tone-idle", Icon::ArrowRight, "Ignored"),
            Decision::Pong => Self::new("tone-busy", Icon::Check, "Answered"),
            Decision::Refused => Self::new("tone-bad", Icon::Ban, "Refused"),
            Decision::Repeated => Self::new("tone-idle", Icon::Refresh, "Repeated"),
        }
    }

    /// Whether the page shall look again soon.
    pub fn is_busy(&self) -> bool {
        matches!(self.icon, Icon::Spinner | Icon::Clock)
    }
}

/// What a stage is called in the pages.
pub fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Fetching => "Fetching",
        Stage::Building => "Building",
        Stage::Releasing => "Releasing",
        Stage::Starting => "Starting",
        Stage::Verifying => "Verifying",
        Stage::Switching => "Switching",
    }
}
