//! Live deployments in the time in which a failure brings the version before them back.
//!
//! `watch_until` is set when a deployment becomes live and taken away when nothing more is
//! to be done: it has passed, or its failure has been answered. A failure that is written
//! while `watch_until` stands still waits for its answer.

use std::time::Duration;

use longshore_domain::{Cause, DeploymentId, Failure, ServiceId, Stage, TeamId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::error::parse_json;
use crate::logs::{self, StoredLine};
use crate::{Result, StoreError};

/// A live deployment that is watched.
#[derive(Debug, Clone)]
pub struct WatchedRecord {
    /// The deployment.
    pub id: DeploymentId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its service.
    pub service: ServiceId,
    /// Its number.
    pub number: i32,
    /// Why it exists.
    pub cause: Cause,
    /// When it became live.
    pub since: OffsetDateTime,
    /// Until when it is watched.
    pub until: OffsetDateTime,
    /// The database's time.
    pub now: OffsetDateTime,
    /// Whether it was seen to fail.
    pub has_failed: bool,
}

/// Live deployments of all teams that are watched, without those whose service a person
/// has stopped or removed.
pub async fn list_watched(connection: &mut PgConnection) -> Result<Vec<WatchedRecord>> {
    let rows = sqlx::query!(
        r#"SELECT d.id, d.team_id, d.service_id, d.number, d.cause, d.ended_at AS "since!",
                  d.watch_until AS "until!", now() AS "now!",
                  d.failure_kind IS NOT NULL AS "has_failed!"
           FROM deployments d JOIN services s ON s.id = d.service_id
           WHERE d.status = 'live' AND d.watch_until IS NOT NULL AND d.ended_at IS NOT NULL
             AND NOT s.stopped AND s.removing_at IS NULL
           ORDER BY d.watch_until"#
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(WatchedRecord {
                id: row.id.into(),
                team: row.team_id.into(),
                service: row.service_id.into(),
                number: row.number,
                cause: parse_json("cause", row.cause)?,
                since: row.since,
                until: row.until,
                now: row.now,
                has_failed: row.has_failed,
            })
        })
        .collect()
}

/// Locks a deployment that is watched; answers whether it is, and was seen to fail.
pub async fn lock_watched(connection: &mut PgConnection, id: DeploymentId) -> Result<Option<bool>> {
    let row = sqlx::query!(
        r#"SELECT failure_kind IS NOT NULL AS "has_failed!" FROM deployments
           WHERE id = $1 AND status = 'live' AND watch_until IS NOT NULL FOR UPDATE"#,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.has_failed))
}

/// Writes that a live deployment, which is locked, was seen to fail.
pub async fn note_failure(
    connection: &mut PgConnection,
    id: DeploymentId,
    failure: &Failure,
) -> Result<()> {
    sqlx::query!(
        "UPDATE deployments SET failure_stage = $2, failure_kind = $3, failure_message = $4
         WHERE id = $1",
        id.0,
        failure.stage.map(Stage::as_str),
        failure.kind.as_str(),
        failure.message,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Appends lines to the log of a deployment that is locked and whose work has ended.
/// Their sequence numbers are given here.
pub async fn append_lines(
    connection: &mut PgConnection,
    id: DeploymentId,
    mut lines: Vec<StoredLine>,
) -> Result<()> {
    let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let bytes = lines.iter().map(|line| line.text.len()).sum::<usize>();
    let row = sqlx::query!(
        "UPDATE deployments SET last_sequence = last_sequence + $2, log_bytes = log_bytes + $3
         WHERE id = $1 RETURNING last_sequence",
        id.0,
        count,
        i64::try_from(bytes).unwrap_or(i64::MAX),
    )
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(StoreError::Missing)?;
    let first = row.last_sequence - count + 1;
    for (line, sequence) in lines.iter_mut().zip(first..) {
        line.sequence = sequence;
    }
    if lines.is_empty() {
        return Ok(());
    }
    logs::append(connection, id, &lines).await
}

/// Ends the watch over a live deployment.
pub async fn end_watch(connection: &mut PgConnection, id: DeploymentId) -> Result<()> {
    sqlx::query!(
        "UPDATE deployments SET watch_until = NULL WHERE id = $1 AND status = 'live'",
        id.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets the watch over a live deployment last for so long from now, unless it does anyway.
pub async fn prolong_watch(
    connection: &mut PgConnection,
    id: DeploymentId,
    at_least: Duration,
) -> Result<()> {
    sqlx::query!(
        "UPDATE deployments SET watch_until = greatest(watch_until, now() + make_interval(secs => $2))
         WHERE id = $1 AND status = 'live' AND watch_until IS NOT NULL",
        id.0,
        at_least.as_secs_f64(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether a deployment of a service waits or works.
pub async fn has_waiting_or_working(
    connection: &mut PgConnection,
    service: ServiceId,
) -> Result<bool> {
    let row = sqlx::query!(
        r#"SELECT EXISTS (SELECT 1 FROM deployments WHERE service_id = $1 AND status IN
               ('queued', 'fetching', 'building', 'releasing', 'starting', 'verifying',
                'switching')) AS "any!""#,
        service.0,
    )
    .fetch_one(connection)
    .await?;
    Ok(row.any)
}

/// The version that a service goes back to by itself: of these earlier ones the last that
/// was live without a failure, one that has passed its watch before one that has not.
pub async fn find_predecessor(
    connection: &mut PgConnection,
    service: ServiceId,
    kept: &[i32],
) -> Result<Option<DeploymentId>> {
    let row = sqlx::query!(
        "SELECT id FROM deployments
         WHERE service_id = $1 AND number = ANY($2) AND status = 'retired'
           AND failure_kind IS NULL AND image IS NOT NULL AND image_digest IS NOT NULL
         ORDER BY (watch_until IS NULL) DESC, number DESC LIMIT 1",
        service.0,
        kept,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.id.into()))
}
