//! A deployment in a list.

use longshore_control::view::{DeploymentSummary, DeploymentView};
use longshore_domain::source::Archive;
use time::OffsetDateTime;

use super::cause;
use crate::pages::view::{Status, When, when};

/// A deployment in a list.
#[derive(Debug, Clone)]
pub struct DeploymentRow {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: i32,
    /// How it stands.
    pub status: Status,
    /// What it brings: the commit's first line.
    pub title: String,
    /// The commit, shortened; empty when there is none.
    pub commit: String,
    /// When it was asked for.
    pub at: When,
    /// How long it took; empty until it has ended.
    pub took: String,
    /// By which deployment it was superseded; empty when it was not.
    pub overtaken: String,
    /// Whether the service can go back to it.
    pub can_roll_back: bool,
}

impl DeploymentRow {
    /// A deployment of a list as seen from `now`.
    pub fn new(deployment: &DeploymentSummary, now: OffsetDateTime) -> Self {
        Self {
            id: deployment.id.to_string(),
            number: deployment.number,
            status: Status::of_deployment(deployment.status),
            title: deployment
                .commit_subject
                .clone()
                .unwrap_or_else(|| format!("Deployment {}", deployment.number)),
            commit: deployment
                .commit_sha
                .as_deref()
                .map(short)
                .unwrap_or_default(),
            at: When::new(deployment.queued_at, now),
            took: deployment
                .duration_ms
                .map(when::milliseconds)
                .unwrap_or_default(),
            overtaken: String::new(),
            can_roll_back: false,
        }
    }

    /// A deployment as seen from `now`.
    pub fn of_view(deployment: &DeploymentView, now: OffsetDateTime) -> Self {
        let commit = deployment.commit.as_ref();
        let took = deployment.ended_at.and_then(|ended| {
            i64::try_from((ended - deployment.queued_at).whole_milliseconds()).ok()
        });
        Self {
            id: deployment.id.to_string(),
            number: deployment.number,
            status: Status::of_deployment(deployment.status),
            title: title(deployment),
            commit: match (commit, &deployment.archive) {
                (Some(commit), _) => short(&commit.sha),
                (None, Some(archive)) => short(archive.digest.as_str()),
                (None, None) => String::new(),
            },
            at: When::new(deployment.queued_at, now),
            took: took.map(when::milliseconds).unwrap_or_default(),
            overtaken: deployment
                .superseded_by
                .map(|by| format!("superseded by #{by}"))
                .unwrap_or_default(),
            can_roll_back: deployment.can_roll_back,
        }
    }
}

/// An archive in a line: its name and its size.
pub(in crate::pages::view) fn archive_line(archive: &Archive) -> String {
    format!("{} · {}", archive.name, when::size(archive.size_bytes))
}

/// What a deployment brings: the commit's first line, the archive's name, or else why it
/// exists.
pub(in crate::pages::view) fn title(deployment: &DeploymentView) -> String {
    deployment
        .commit
        .as_ref()
        .and_then(|commit| commit.subject.clone())
        .or_else(|| Some(deployment.archive.as_ref()?.name.to_string()))
        .unwrap_or_else(|| cause(&deployment.cause, deployment.requested_by.as_deref()))
}

/// The first characters of a commit's id.
pub fn short(sha: &str) -> String {
    sha.chars().take(8).collect()
}
