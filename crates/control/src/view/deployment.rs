//! Views of deployments and their logs.

use longshore_domain::source::Archive;
use longshore_domain::takeover::StrategyReason;
use longshore_domain::{
    Cause, DeploymentId, DeploymentStatus, EnvironmentId, FailureKind, ProjectId, ServiceId, Stage,
    StageTimings, Strategy,
};
use serde::Serialize;
use time::OffsetDateTime;

use super::Named;

/// A deployment in a line.
#[derive(Debug, Clone, Serialize)]
pub struct DeploymentSummary {
    /// Its id.
    pub id: DeploymentId,
    /// Its number within the service.
    pub number: i32,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// The commit.
    pub commit_sha: Option<String>,
    /// The first line of the commit's message.
    pub commit_subject: Option<String>,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub queued_at: OffsetDateTime,
    /// When its work ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    /// Milliseconds from the request to the end.
    pub duration_ms: Option<i64>,
}

/// A deployment.
#[derive(Debug, Clone, Serialize)]
pub struct DeploymentView {
    /// Its id.
    pub id: DeploymentId,
    /// Its number within the service.
    pub number: i32,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// Why it exists.
    pub cause: Cause,
    /// The name of the person that asked for it.
    pub requested_by: Option<String>,
    /// Its service.
    pub service: Named<ServiceId>,
    /// Its environment.
    pub environment: Named<EnvironmentId>,
    /// Its project.
    pub project: Named<ProjectId>,
    /// The commit, once it is known.
    pub commit: Option<CommitView>,
    /// The archive that it was built from, when the source is an upload.
    pub archive: Option<Archive>,
    /// The image's tag on the machine.
    pub image: Option<String>,
    /// The image's identity.
    pub image_digest: Option<String>,
    /// The image's size in bytes.
    pub image_size_bytes: Option<i64>,
    /// What a registry's reference meant, `name@sha256:…`.
    pub image_pinned: Option<String>,
    /// Why it failed.
    pub failure: Option<FailureView>,
    /// The number of the deployment that overtook it.
    pub superseded_by: Option<i32>,
    /// How long each stage took, in milliseconds.
    pub timings: StageTimings,
    /// How the new version takes over.
    pub strategy: Strategy,
    /// Why it does so.
    pub strategy_reason: StrategyReason,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub queued_at: OffsetDateTime,
    /// When its work began.
    #[serde(with = "time::serde::rfc3339::option")]
    pub started_at: Option<OffsetDateTime>,
    /// When its present stage began.
    #[serde(with = "time::serde::rfc3339::option")]
    pub stage_started_at: Option<OffsetDateTime>,
    /// When its work ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    /// Until when it is watched, while it is live: if it starts to fail before, the version
    /// before it comes back.
    #[serde(with = "time::serde::rfc3339::option")]
    pub watch_until: Option<OffsetDateTime>,
    /// Whether a person asked for its end.
    pub cancel_requested: bool,
    /// Whether it can still be cancelled.
    pub can_cancel: bool,
    /// Whether the service can go back to it.
    pub can_roll_back: bool,
    /// Whether it serves.
    pub is_live: bool,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitView {
    /// Its full id.
    pub sha: String,
    /// The first line of its message, once it is known.
    pub subject: Option<String>,
    /// Its author's name, once it is known.
    pub author: Option<String>,
}

/// Why a deployment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureView {
    /// The stage it happened in.
    pub stage: Option<Stage>,
    /// Its stable kind.
    pub kind: FailureKind,
    /// Whether it happened after the deployment had become live.
    pub while_live: bool,
    /// What happened.
    pub message: String,
    /// What a person can do about it.
    pub advice: &'static str,
}

/// A line of a deployment's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Its sequence number: growing, with gaps.
    pub sequence: i64,
    /// When it was written.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// `stdout`, `stderr` or `system`.
    pub stream: &'static str,
    /// The text; may hold ANSI colours.
    pub text: String,
}
