//! Writing what the worker reports. Every write names the worker: when the lease went to
//! another one, nothing is written.

use longshore_domain::{
    DeploymentId, DeploymentState, DeploymentStatus, ServiceId, Stage, StageTimings,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::read::status;
use crate::Result;
use crate::error::{parse_json, to_json};

/// Where the work on a deployment stands.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The deployment.
    pub id: DeploymentId,
    /// Its service.
    pub service: ServiceId,
    /// The stage it works on.
    pub stage: Stage,
    /// When the stage began.
    pub stage_started_at: Option<OffsetDateTime>,
    /// How long each stage took.
    pub timings: StageTimings,
    /// The last event that is stored.
    pub last_sequence: i64,
    /// Bytes of log text that are stored, before compression.
    pub log_bytes: i64,
    /// The commit.
    pub commit_sha: Option<String>,
    /// The first line of the commit's message.
    pub commit_subject: Option<String>,
    /// The commit's author.
    pub commit_author: Option<String>,
    /// The image's tag on the machine.
    pub image: Option<String>,
    /// The image's identity.
    pub image_digest: Option<String>,
    /// The image's size.
    pub image_size_bytes: Option<i64>,
    /// What a registry's reference meant, `name@sha256:…`.
    pub image_pinned: Option<String>,
}

/// The status of a deployment that is or was leased to this worker.
pub async fn find_leased(
    connection: &mut PgConnection,
    id: DeploymentId,
    worker: Uuid,
) -> Result<Option<DeploymentStatus>> {
    let row = sqlx::query!(
        "SELECT status FROM deployments WHERE id = $1 AND lease_owner = $2",
        id.0,
        worker,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| status(&row.status)).transpose()
}

/// Locks a deployment that works and is leased to this worker; none when it is not.
pub async fn lock_leased(
    connection: &mut PgConnection,
    id: DeploymentId,
    worker: Uuid,
) -> Result<Option<Progress>> {
    let row = sqlx::query!(
        "SELECT service_id, status, stage_started_at, timings, last_sequence, log_bytes,
                commit_sha, commit_subject, commit_author, image, image_digest, image_size_bytes,
                image_pinned
         FROM deployments WHERE id = $1 AND lease_owner = $2 FOR UPDATE",
        id.0,
        worker,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let Some(stage) = status(&row.status)?.stage() else {
        return Ok(None);
    };
    Ok(Some(Progress {
        id,
        service: row.service_id.into(),
        stage,
        stage_started_at: row.stage_started_at,
        timings: parse_json("timings", row.timings)?,
        last_sequence: row.last_sequence,
        log_bytes: row.log_bytes,
        commit_sha: row.commit_sha,
        commit_subject: row.commit_subject,
        commit_author: row.commit_author,
        image: row.image,
        image_digest: row.image_digest,
        image_size_bytes: row.image_size_bytes,
        image_pinned: row.image_pinned,
    }))
}

/// Writes the progress of a deployment that is locked.
pub async fn save_progress(connection: &mut PgConnection, progress: &Progress) -> Result<()> {
    sqlx::query!(
        "UPDATE deployments SET status = $2, stage_started_at = $3, timings = $4,
                last_sequence = $5, log_bytes = $6, commit_sha = $7, commit_subject = $8,
                commit_author = $9, image = $10, image_digest = $11, image_size_bytes = $12,
                image_pinned = $13
         WHERE id = $1",
        progress.id.0,
        progress.stage.as_str(),
        progress.stage_started_at,
        to_json(&progress.timings)?,
        progress.last_sequence,
        progress.log_bytes,
        progress.commit_sha,
        progress.commit_subject,
        progress.commit_author,
        progress.image,
        progress.image_digest,
        progress.image_size_bytes,
        progress.image_pinned,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends the work on a deployment that is locked. One that becomes live replaces the one
/// that was live, and is watched from then on for as long as its specification says.
pub async fn end(
    connection: &mut PgConnection,
    progress: &Progress,
    state: &DeploymentState,
) -> Result<()> {
    if *state == DeploymentState::Live {
        sqlx::query!(
            "UPDATE deployments
             SET status = CASE WHEN failure_kind IS NULL THEN 'retired' ELSE 'failed' END
             WHERE service_id = $1 AND status = 'live'",
            progress.service.0,
        )
        .execute(&mut *connection)
        .await?;
    }
    let failure = match state {
        DeploymentState::Failed(failure) => Some(failure),
        DeploymentState::Queued
        | DeploymentState::Running(_)
        | DeploymentState::Live
        | DeploymentState::Cancelled
        | DeploymentState::Superseded { .. }
        | DeploymentState::Retired => None,
    };
    sqlx::query!(
        "UPDATE deployments SET status = $2, ended_at = now(), lease_until = NULL,
                failure_stage = $3, failure_kind = $4, failure_message = $5,
                timings = $6, image = $7, image_digest = $8,
                watch_until = CASE
                    WHEN $2 = 'live' AND (specification#>>'{run,watch_seconds}')::integer > 0
                    THEN now() + make_interval(
                        secs => (specification#>>'{run,watch_seconds}')::integer)
                    END
         WHERE id = $1",
        progress.id.0,
        state.as_str(),
        failure.and_then(|failure| failure.stage).map(Stage::as_str),
        failure.map(|failure| failure.kind.as_str()),
        failure.map(|failure| failure.message.as_str()),
        to_json(&progress.timings)?,
        progress.image,
        progress.image_digest,
    )
    .execute(connection)
    .await?;
    Ok(())
}
