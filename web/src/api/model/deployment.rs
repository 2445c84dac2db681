//! Deployments and their logs.

use longshore_control::{DeploymentDraft, DeploymentView, VariablesOf};
use longshore_domain::{Cause, DeploymentId, StageTimings};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A wish for a deployment; empty for the branch's head.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewDeployment {
    /// A full commit id.
    commit: Option<String>,
    /// Another image than the service's, for this deployment.
    image: Option<String>,
    /// Build every step anew.
    clear_cache: bool,
}

impl From<NewDeployment> for DeploymentDraft {
    fn from(body: NewDeployment) -> Self {
        Self {
            commit: body.commit,
            image: body.image,
            clear_cache: body.clear_cache,
        }
    }
}

/// A wish for an earlier version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackBody {
    /// The earlier deployment.
    #[schema(value_type = Uuid)]
    pub(crate) deployment: DeploymentId,
    /// `then` (the earlier deployment's variables, the usual) or `now`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) variables: VariablesOf,
}

/// A deployment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deployment {
    id: Uuid,
    number: i32,
    service: Uuid,
    /// `queued`, a stage's name, `live`, `failed`, `cancelled`, `superseded` or `retired`.
    status: &'static str,
    #[schema(value_type = Object)]
    cause: Cause,
    requested_by: Option<String>,
    commit: Option<Commit>,
    /// The name, digest, size and number of files of the archive that it was built from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    archive: Option<longshore_domain::source::Archive>,
    image: Option<String>,
    image_digest: Option<String>,
    image_size_bytes: Option<i64>,
    /// What a registry's reference meant then: `name@sha256:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_pinned: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    /// The number of the deployment that overtook it.
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<i32>,
    /// Whether its image is kept, so that the service can go back to it without a build.
    can_roll_back: bool,
    #[schema(value_type = Object)]
    timings_ms: StageTimings,
    #[schema(value_type = String)]
    strategy: longshore_domain::Strategy,
    /// Why it takes over that way: `usual`, `settings`, `single_writer_volume` or `host_port`.
    #[schema(value_type = String)]
    strategy_reason: longshore_domain::takeover::StrategyReason,
    #[serde(with = "time::serde::rfc3339")]
    queued_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    started_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
    /// While it is live: until when it is watched. If it starts to fail before, the version
    /// before it comes back by itself.
    #[serde(
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    watched_until: Option<OffsetDateTime>,
}

/// A commit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Commit {
    sha: String,
    subject: Option<String>,
    author: Option<String>,
}

/// Why a deployment failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failure {
    /// The stage's name; `live` when it failed after it had become live.
    stage: Option<&'static str>,
    /// A stable name.
    kind: &'static str,
    /// What happened.
    message: String,
    /// What to do.
    advice: &'static str,
}

impl From<DeploymentView> for Deployment {
    fn from(view: DeploymentView) -> Self {
        Self {
            id: view.id.0,
            number: view.number,
            service: view.service.id.0,
            status: view.status.as_str(),
            cause: view.cause,
            requested_by: view.requested_by,
            commit: view.commit.map(|commit| Commit {
                sha: commit.sha,
                subject: commit.subject,
                author: commit.author,
            }),
            archive: view.archive,
            image: view.image,
            image_digest: view.image_digest,
            image_size_bytes: view.image_size_bytes,
            image_pinned: view.image_pinned,
            failure: view.failure.map(|failure| Failure {
                stage: match failure.stage {
                    None if failure.while_live => Some("live"),
                    stage => stage.map(longshore_domain::Stage::as_str),
                },
                kind: failure.kind.as_str(),
                message: failure.message,
                advice: failure.advice,
            }),
            superseded_by: view.superseded_by,
            can_roll_back: view.can_roll_back,
            timings_ms: view.timings,
            strategy: view.strategy,
            strategy_reason: view.strategy_reason,
            queued_at: view.queued_at,
            started_at: view.started_at,
            ended_at: view.ended_at,
            watched_until: view.watch_until,
        }
    }
}
