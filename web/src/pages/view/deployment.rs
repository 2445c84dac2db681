//! The page of a deployment, and deployments in lists.

mod failure;
mod row;
mod steps;

use askama::Template;
use longshore_control::view::DeploymentView;
use longshore_domain::takeover::StrategyReason;
use longshore_domain::{Cause, DeploymentStatus, Strategy};
use time::OffsetDateTime;

pub use failure::{FailureNotice, sentence};
pub use row::{DeploymentRow, short};
pub(super) use row::{archive_line, title};
pub use steps::Step;

use super::{FlashTone, Icon, LogView, Page, Status, Timings, When, when};

/// Another deployment that a page leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relative {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: i32,
    /// What it is to this one, before its number.
    pub label: &'static str,
    /// The icon.
    pub icon: Icon,
}

/// A deployment.
#[derive(Template)]
#[template(path = "deployment/show.html")]
pub struct DeploymentPage {
    /// The frame.
    pub page: Page,
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: i32,
    /// How it stands.
    pub status: Status,
    /// Whether it waits or works.
    pub is_busy: bool,
    /// What it brings.
    pub title: String,
    /// The commit, shortened.
    pub commit: String,
    /// The commit's author.
    pub author: String,
    /// The archive's name and size; empty when the source is no upload.
    pub archive: String,
    /// The hash of the archive.
    pub archive_digest: String,
    /// Why it exists, and who asked for it.
    pub cause: String,
    /// When it was asked for.
    pub at: When,
    /// How long it took.
    pub took: String,
    /// The image.
    pub image: String,
    /// The image's size.
    pub image_size: String,
    /// What a registry's reference meant; empty when the image was built.
    pub image_pinned: String,
    /// Where it can be opened, while it is live.
    pub url: String,
    /// Something more to say about its state.
    pub note: String,
    /// The deployment that it gave way to or goes back to.
    pub relative: Option<Relative>,
    /// How the new version takes over.
    pub strategy: &'static str,
    /// Why it takes over that way, as the end of a sentence.
    pub strategy_reason: &'static str,
    /// Why it failed.
    pub failure: Option<FailureNotice>,
    /// The stages.
    pub steps: Vec<Step>,
    /// Where the time went.
    pub timings: Timings,
    /// The log.
    pub log: LogView,
    /// Whether it can be cancelled.
    pub can_cancel: bool,
    /// Whether the service can go back to it.
    pub can_roll_back: bool,
    /// Whether to offer another try.
    pub can_retry: bool,
    /// Whether its image is gone, so that the service cannot go back to it.
    pub is_gone: bool,
    /// The whole commit, to deploy it once more when the image is gone; empty for none.
    pub commit_again: String,
    /// Where cancelling is asked for.
    pub cancel_action: String,
    /// Where going back is asked about.
    pub roll_back_page: String,
    /// Where another try is asked for.
    pub deploy_action: String,
    /// Where it is set how many versions are kept.
    pub run_page: String,
}

impl DeploymentPage {
    /// The page of a deployment as seen from `now`.
    pub fn new(
        page: Page,
        deployment: &DeploymentView,
        log: LogView,
        url: Option<String>,
        relative: Option<DeploymentView>,
        now: OffsetDateTime,
    ) -> Self {
        let id = deployment.id.to_string();
        let commit = deployment.commit.as_ref();
        let took = deployment
            .ended_at
            .map(|ended| (ended - deployment.queued_at).whole_milliseconds());
        let took = took.and_then(|took| i64::try_from(took).ok());
        let is_busy = is_busy(deployment.status);
        let title = title(deployment);
        let is_gone = deployment.status == DeploymentStatus::Retired && !deployment.can_roll_back;
        Self {
            number: deployment.number,
            status: Status::of_deployment(deployment.status),
            is_busy,
            title,
            commit: commit.map(|commit| short(&commit.sha)).unwrap_or_default(),
            author: commit
                .and_then(|commit| commit.author.clone())
                .unwrap_or_default(),
            archive: deployment
                .archive
                .as_ref()
                .map(archive_line)
                .unwrap_or_default(),
            archive_digest: deployment
                .archive
                .as_ref()
                .map(|archive| archive.digest.to_string())
                .unwrap_or_default(),
            cause: cause(&deployment.cause, deployment.requested_by.as_deref()),
            at: When::new(deployment.queued_at, now),
            took: took.map(when::milliseconds).unwrap_or_default(),
            image: deployment.image.clone().unwrap_or_default(),
            image_size: deployment
                .image_size_bytes
                .and_then(|bytes| u64::try_from(bytes).ok())
                .map(when::size)
                .unwrap_or_default(),
            image_pinned: deployment.image_pinned.clone().unwrap_or_default(),
            url: if deployment.is_live {
                url.unwrap_or_default()
            } else {
                String::new()
            },
            note: note(deployment),
            relative: relative.map(|other| Relative {
                id: other.id.to_string(),
                number: other.number,
                label: if deployment.superseded_by == Some(other.number) {
                    "Superseded by"
                } else {
                    "Goes back to"
                },
                icon: if deployment.superseded_by == Some(other.number) {
                    Icon::ArrowRight
                } else {
                    Icon::Rollback
                },
            }),
            strategy: strategy(deployment.strategy, deployment.strategy_reason),
            strategy_reason: deployment.strategy_reason.as_words(),
            failure: deployment
                .failure
                .as_ref()
                .map(|failure| FailureNotice::new(id.clone(), deployment.number, failure)),
            steps: steps::of(deployment),
            timings: Timings::of(deployment, now),
            log,
            can_cancel: deployment.can_cancel && !deployment.cancel_requested,
            can_roll_back: deployment.can_roll_back && !deployment.is_live,
            can_retry: matches!(
                deployment.status,
                DeploymentStatus::Failed | DeploymentStatus::Cancelled
            ) && !deployment.can_roll_back,
            is_gone,
            commit_again: commit
                .filter(|_| is_gone)
                .map(|commit| commit.sha.clone())
                .unwrap_or_default(),
            cancel_action: format!("/deployments/{id}/cancel"),
            roll_back_page: format!("/deployments/{id}/rollback"),
            deploy_action: format!("/services/{}/deploy", deployment.service.id),
            run_page: format!("/services/{}/run", deployment.service.id),
            page,
            id,
        }
    }
}

fn strategy(strategy: Strategy, reason: StrategyReason) -> &'static str {
    if reason == StrategyReason::Components {
        return "Component by component";
    }
    match strategy {
        Strategy::BlueGreen => "Beside the old version, then switch",
        Strategy::Rolling => "Replica by replica",
        Strategy::Recreate => "Old version stopped first",
    }
}

fn is_busy(status: DeploymentStatus) -> bool {
    status == DeploymentStatus::Queued || steps::current(status).is_some()
}

fn cause(cause: &Cause, person: Option<&str>) -> String {
    let by = |who: Option<&str>| who.map(|who| format!(" by {who}")).unwrap_or_default();
    match cause {
        Cause::Manual => format!("Started{}", by(person)),
        Cause::Api => format!("Started over the API{}", by(person)),
        Cause::Push { provider, pusher } => {
            let who = by(pusher.as_deref());
            format!("Push{who} ({provider})")
        }
        Cause::Rollback { to } => format!("Back to #{to}{}", by(person)),
        Cause::AutomaticRollback { to, from, reason } => {
            format!("Back to #{to} by itself, because #{from} failed: {reason}")
        }
    }
}

fn note(deployment: &DeploymentView) -> String {
    match (deployment.status, deployment.superseded_by) {
        (DeploymentStatus::Superseded, Some(by)) => {
            format!("#{by} was asked for before this one began, so it took its place.")
        }
        (DeploymentStatus::Queued, _) => {
            "Waits for the deployment before it, or for a free builder.".to_owned()
        }
        _ if deployment.cancel_requested && is_busy(deployment.status) => {
            "Is being cancelled; the running version keeps serving.".to_owned()
        }
        _ => String::new(),
    }
}
