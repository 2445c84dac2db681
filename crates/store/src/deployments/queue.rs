//! The job queue: who waits, who works under which lease.

use std::time::Duration;

use longshore_domain::{
    Cause, CommitSha, DeploymentId, ServiceId, Sha256Digest, Specification, TeamId, UserId,
};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::{parse, to_json};
use crate::{Conflict, Result, StoreError};

/// Attempts to claim: each fails only when another worker has got something meanwhile.
const CLAIM_ATTEMPTS: u32 = 4;

/// A deployment to be queued.
#[derive(Debug, Clone)]
pub struct NewDeployment {
    /// Its id.
    pub id: DeploymentId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its service.
    pub service: ServiceId,
    /// Its number, from [`crate::services::take_number`].
    pub number: i32,
    /// Why it exists.
    pub cause: Cause,
    /// Who asked for it.
    pub requested_by: Option<UserId>,
    /// What to run.
    pub specification: Specification,
    /// The resolved variables, encrypted.
    pub variables: Vec<u8>,
    /// The commit as far as it is known.
    pub commit: Option<CommitSha>,
    /// The first line of the commit's message as far as it is known.
    pub commit_subject: Option<String>,
    /// The commit's author as far as it is known.
    pub commit_author: Option<String>,
    /// Since when its service waits, if it takes the place of another one.
    pub waits_since: Option<OffsetDateTime>,
}

/// A waiting deployment that gave way.
#[derive(Debug, Clone, Copy)]
pub struct Overtaken {
    /// The deployment.
    pub id: DeploymentId,
    /// Since when its service waits.
    pub waits_since: OffsetDateTime,
}

/// Lets the waiting deployment of a service, if there is one, give way to the one with
/// this number; answers which it was.
pub async fn supersede_waiting(
    connection: &mut PgConnection,
    service: ServiceId,
    by: i32,
) -> Result<Option<Overtaken>> {
    let row = sqlx::query!(
        "UPDATE deployments SET status = 'superseded', superseded_by = $2, ended_at = now()
         WHERE service_id = $1 AND status = 'queued' RETURNING id, waits_since",
        service.0,
        by,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Overtaken {
        id: row.id.into(),
        waits_since: row.waits_since,
    }))
}

/// Queues a deployment.
///
/// # Errors
/// [`Conflict::OneQueued`] when another one waits.
pub async fn insert(connection: &mut PgConnection, new: &NewDeployment) -> Result<()> {
    sqlx::query!(
        "INSERT INTO deployments (id, team_id, service_id, number, status, cause, requested_by,
                                  specification, variables, commit_sha, commit_subject,
                                  commit_author, queued_at, waits_since)
         SELECT $1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9, $10, $11, now.at,
                coalesce($12, now.at)
         FROM (SELECT clock_timestamp() AS at) now",
        new.id.0,
        new.team.0,
        new.service.0,
        new.number,
        to_json(&new.cause)?,
        new.requested_by.map(|user| user.0),
        to_json(&new.specification)?,
        new.variables,
        new.commit.as_ref().map(CommitSha::as_str),
        new.commit_subject,
        new.commit_author,
        new.waits_since,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What was claimed.
#[derive(Debug, Clone, Copy)]
pub struct ClaimedRow {
    /// The deployment.
    pub id: DeploymentId,
    /// Whether its work had begun before.
    pub resumed: bool,
}

/// Leases a deployment to a worker: first one whose lease has expired, else the oldest
/// that waits and whose service has none at work. Workers that ask at once get different
/// ones.
pub async fn claim(
    connection: &mut PgConnection,
    worker: Uuid,
    lease: Duration,
) -> Result<Option<ClaimedRow>> {
    for _ in 0..CLAIM_ATTEMPTS {
        match try_claim(connection, worker, lease).await {
            // Another worker took one of the same service in the same moment.
            Err(StoreError::Conflict(Conflict::OneRunning)) => {}
            other => return other,
        }
    }
    Ok(None)
}

async fn try_claim(
    connection: &mut PgConnection,
    worker: Uuid,
    lease: Duration,
) -> Result<Option<ClaimedRow>> {
    let claimed = sqlx::query!(
        r#"WITH candidate AS (
               SELECT d.id, d.status <> 'queued' AS resumed
               FROM deployments d
               WHERE (d.status IN ('fetching', 'building', 'releasing', 'starting', 'verifying',
                                   'switching')
                      AND (d.lease_until IS NULL OR d.lease_until < now()))
                  OR (d.status = 'queued' AND NOT EXISTS (
                      SELECT 1 FROM deployments r
                      WHERE r.service_id = d.service_id
                        AND r.status IN ('fetching', 'building', 'releasing', 'starting',
                                         'verifying', 'switching')))
               ORDER BY d.status = 'queued', d.waits_since, d.id
               LIMIT 1
               FOR UPDATE OF d SKIP LOCKED
           )
           UPDATE deployments d SET
               status = CASE WHEN d.status = 'queued' THEN 'fetching' ELSE d.status END,
               lease_owner = $1,
               lease_until = now() + $2,
               started_at = coalesce(d.started_at, now()),
               stage_started_at = coalesce(d.stage_started_at, now()),
               timings = CASE WHEN d.status = 'queued' THEN jsonb_set(d.timings, '{queued}',
                   to_jsonb(greatest(0, round(extract(epoch FROM now() - d.queued_at) * 1000)::bigint)))
                   ELSE d.timings END
           FROM candidate c WHERE d.id = c.id
           RETURNING d.id, c.resumed AS "resumed!""#,
        worker,
        interval(lease)?,
    )
    .fetch_optional(connection)
    .await?;
    Ok(claimed.map(|row| ClaimedRow {
        id: row.id.into(),
        resumed: row.resumed,
    }))
}

/// Extends a lease. Answers whether a person asked for the deployment's end; none when the
/// lease is lost.
pub async fn heartbeat(
    connection: &mut PgConnection,
    id: DeploymentId,
    worker: Uuid,
    lease: Duration,
) -> Result<Option<bool>> {
    let row = sqlx::query!(
        r#"UPDATE deployments SET lease_until = now() + $3
           WHERE id = $1 AND lease_owner = $2 AND status IN
               ('fetching', 'building', 'releasing', 'starting', 'verifying', 'switching')
           RETURNING cancel_requested_at IS NOT NULL AS "cancel_requested!""#,
        id.0,
        worker,
        interval(lease)?,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| row.cancel_requested))
}

/// Gives a lease back, so that the work is taken up again at once.
pub async fn release(connection: &mut PgConnection, id: DeploymentId, worker: Uuid) -> Result<()> {
    sqlx::query!(
        "UPDATE deployments SET lease_owner = NULL, lease_until = NULL
         WHERE id = $1 AND lease_owner = $2 AND status IN
             ('fetching', 'building', 'releasing', 'starting', 'verifying', 'switching')",
        id.0,
        worker,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How long until the next lease ends, zero when one has; none when nothing is leased.
pub async fn next_lease_end(connection: &mut PgConnection) -> Result<Option<Duration>> {
    let row = sqlx::query!(
        r#"SELECT (extract(epoch FROM min(coalesce(lease_until, now())) - now()) * 1000)::bigint
               AS milliseconds
           FROM deployments WHERE status IN
               ('fetching', 'building', 'releasing', 'starting', 'verifying', 'switching')"#
    )
    .fetch_one(connection)
    .await?;
    Ok(row
        .milliseconds
        .map(|milliseconds| Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))))
}

/// Cancels a deployment that waits; whether it did.
pub async fn cancel_queued(
    connection: &mut PgConnection,
    team: TeamId,
    id: DeploymentId,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE deployments SET status = 'cancelled', ended_at = now(),
                cancel_requested_at = coalesce(cancel_requested_at, now())
         WHERE team_id = $1 AND id = $2 AND status = 'queued'",
        team.0,
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Asks for the end of a deployment that works; whether it does.
pub async fn request_cancel(
    connection: &mut PgConnection,
    team: TeamId,
    id: DeploymentId,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE deployments SET cancel_requested_at = coalesce(cancel_requested_at, now())
         WHERE team_id = $1 AND id = $2 AND status IN
             ('fetching', 'building', 'releasing', 'starting', 'verifying', 'switching')",
        team.0,
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Numbers of all services' deployments that wait or work.
pub async fn find_queued_or_running_numbers(
    connection: &mut PgConnection,
) -> Result<Vec<(ServiceId, i32)>> {
    let rows = sqlx::query!(
        "SELECT service_id, number FROM deployments WHERE status IN
             ('queued', 'fetching', 'building', 'releasing', 'starting', 'verifying', 'switching')
         ORDER BY service_id, number"
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.service_id.into(), row.number))
        .collect())
}

/// Uploaded archives of deployments that wait or work.
pub async fn archives_in_work(connection: &mut PgConnection) -> Result<Vec<Sha256Digest>> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT specification->'origin'->'archive'->>'digest' AS "digest!"
           FROM deployments WHERE status IN
             ('queued', 'fetching', 'building', 'releasing', 'starting', 'verifying', 'switching')
             AND specification->'origin'->>'kind' = 'upload'"#
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| parse("archive", &row.digest))
        .collect()
}

fn interval(duration: Duration) -> Result<PgInterval> {
    PgInterval::try_from(duration).map_err(|error| StoreError::Corrupt(error.to_string()))
}
