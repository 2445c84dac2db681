//! The page of a deployment, and deployments in lists.

use askama::Template;
use longshore_control::view::{DeploymentSummary, DeploymentView, FailureView};
use longshore_domain::source::Archive;
use longshore_domain::takeover::StrategyReason;
use longshore_domain::{Cause, DeploymentStatus, Stage, Strategy};
use time::OffsetDateTime;

use super::status::stage_word;
use super::{FlashTone, Icon, LogView, Page, Status, Timings, When, when};

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
}

impl DeploymentRow {
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
pub(super) fn archive_line(archive: &Archive) -> String {
    format!("{} · {}", archive.name, when::size(archive.size_bytes))
}

/// What a deployment brings: the commit's first line, the archive's name, or else why it
/// exists.
pub(super) fn title(deployment: &DeploymentView) -> String {
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

/// Why a deployment failed, ready to print.
#[derive(Debug, Clone)]
pub struct FailureNotice {
    /// The deployment.
    pub deployment: String,
    /// Where it failed.
    pub heading: String,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub advice: String,
}

impl FailureNotice {
    /// The failure of a deployment.
    pub fn new(deployment: String, number: i32, failure: &FailureView) -> Self {
        let heading = match failure.stage {
            None if failure.while_live => {
                format!("Deployment #{number} failed after it had become live")
            }
            None => format!("Deployment #{number} failed before it began"),
            Some(Stage::Fetching) => format!("Deployment #{number} failed while fetching"),
            Some(Stage::Building) => format!("Deployment #{number} failed while building"),
            Some(Stage::Releasing) => format!("The release command of #{number} failed"),
            Some(Stage::Starting) => format!("Deployment #{number} failed while starting"),
            Some(Stage::Verifying) => format!("Deployment #{number} did not pass its checks"),
            Some(Stage::Switching) => format!("Deployment #{number} failed while switching"),
        };
        Self {
            deployment,
            heading,
            message: sentence(&failure.message),
            advice: failure.advice.to_owned(),
        }
    }
}

/// A message with a capital letter and a full stop.
pub fn sentence(message: &str) -> String {
    let mut letters = message.trim().chars();
    let mut text: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    if !text.is_empty() && !text.ends_with(['.', '!', '?', ':']) {
        text.push('.');
    }
    text
}

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
            steps: steps(deployment),
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
    status == DeploymentStatus::Queued || current_stage(status).is_some()
}

fn current_stage(status: DeploymentStatus) -> Option<Stage> {
    Stage::from_name(status.as_str())
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

fn steps(deployment: &DeploymentView) -> Vec<Step> {
    let mut timings = deployment.timings;
    let current = current_stage(deployment.status);
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
