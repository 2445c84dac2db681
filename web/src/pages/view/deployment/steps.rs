//! The row of stages.

use longshore_control::view::DeploymentView;
use longshore_domain::{DeploymentStatus, Stage};

use crate::pages::view::status::stage_word;
use crate::pages::view::{Icon, When, when};

/// A stage in the row of stages.
#[derive(Debug, Clone)]
pub struct Step {
    /// The stage's name.
    pub name: &'static str,
    /// The class: `done`, `now`, `failed`, `skipped` or `later`.
    pub state: &'static str,
    /// The icon.
    pub icon: Icon,
    /// The state in a word.
    pub word: &'static str,
    /// How long it took.
    pub took: String,
    /// When it began, for the clock of a running stage.
    pub since: String,
}

/// The stages of a deployment.
pub(super) fn of(deployment: &DeploymentView) -> Vec<Step> {
    let mut timings = deployment.timings;
    let current = current(deployment.status);
    let failed = deployment
        .failure
        .as_ref()
        .and_then(|failure| failure.stage);
    let succeeded = matches!(
        deployment.status,
        DeploymentStatus::Live | DeploymentStatus::Retired
    );
    Stage::ALL
        .into_iter()
        .map(|stage| {
            let took = *timings.slot(stage);
            let (state, icon, word) = if failed == Some(stage) {
                ("failed", Icon::Close, "failed")
            } else if current == Some(stage) {
                ("now", Icon::Spinner, "under way")
            } else if current.is_some_and(|current| stage > current) {
                ("later", Icon::Dot, "still to come")
            } else if took.is_some() {
                ("done", Icon::Check, "done")
            } else if succeeded || current.is_some() {
                ("skipped", Icon::ChevronRight, "not needed")
            } else {
                ("later", Icon::Dot, "not reached")
            };
            let since = match state {
                "now" => deployment.stage_started_at,
                _ => None,
            };
            Step {
                name: stage_word(stage),
                state,
                icon,
                word,
                took: match (state, took) {
                    ("skipped", _) => "not needed".to_owned(),
                    (_, None) => String::new(),
                    (_, Some(took)) => when::milliseconds(took),
                },
                since: since
                    .map(|since| When::new(since, since).machine)
                    .unwrap_or_default(),
            }
        })
        .collect()
}

/// The stage that a deployment is in, while it is in one.
pub(super) fn current(status: DeploymentStatus) -> Option<Stage> {
    Stage::from_name(status.as_str())
}
