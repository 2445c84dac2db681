//! Commands that run once.

use longshore_domain::{JobId, ServiceId, TeamId, UserId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::Result;
use crate::error::parse_json;

/// A job as it is stored.
#[derive(Debug, Clone)]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its service.
    pub service: ServiceId,
    /// Program and arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout_seconds: i32,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    pub status: String,
    /// The exit code, once it has ended by itself.
    pub exit_code: Option<i64>,
    /// Why it failed, when that is not the exit code.
    pub message: Option<String>,
    /// The end of what it wrote; empty in lists.
    pub log: String,
    /// Whether a person asked for its end.
    pub cancel_requested: bool,
    /// When it was asked for.
    pub queued_at: OffsetDateTime,
    /// When it began.
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    pub ended_at: Option<OffsetDateTime>,
}

/// A job to store.
#[derive(Debug)]
pub struct NewJob<'a> {
    /// Its id.
    pub id: JobId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its service.
    pub service: ServiceId,
    /// Program and arguments.
    pub command: &'a [String],
    /// How long it may take.
    pub timeout_seconds: i32,
    /// Who asked for it.
    pub requested_by: UserId,
}

/// Stores a job, and forgets the oldest ones of the service that have ended beyond `keep`.
pub async fn insert(connection: &mut PgConnection, job: &NewJob<'_>, keep: i64) -> Result<()> {
    sqlx::query!(
        "INSERT INTO jobs (id, team_id, service_id, command, timeout_seconds, status, requested_by)
         VALUES ($1, $2, $3, $4, $5, 'queued', $6)",
        job.id.0,
        job.team.0,
        job.service.0,
        serde_json::Value::from(job.command),
        job.timeout_seconds,
        job.requested_by.0,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "DELETE FROM jobs WHERE service_id = $1 AND ended_at IS NOT NULL AND id NOT IN (
             SELECT id FROM jobs WHERE service_id = $1 ORDER BY id DESC LIMIT $2)",
        job.service.0,
        keep,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many jobs of a service have not ended. Whoever asks has locked the service.
pub async fn count_unfinished(connection: &mut PgConnection, service: ServiceId) -> Result<i64> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM jobs
           WHERE service_id = $1 AND status IN ('queued', 'running')"#,
        service.0,
    )
    .fetch_one(connection)
    .await?;
    Ok(count)
}

async fn select(
    connection: &mut PgConnection,
    team: Option<TeamId>,
    service: Option<ServiceId>,
    id: Option<JobId>,
    unfinished: bool,
) -> Result<Vec<JobRecord>> {
    let rows = sqlx::query!(
        r#"SELECT id, team_id, service_id, command, timeout_seconds, status, exit_code, message,
                  CASE WHEN $3::uuid IS NULL THEN '' ELSE log END AS "log!",
                  cancel_requested, queued_at, started_at, ended_at
           FROM jobs
           WHERE ($1::uuid IS NULL OR team_id = $1) AND ($2::uuid IS NULL OR service_id = $2)
             AND ($3::uuid IS NULL OR id = $3)
             AND (NOT $4 OR status IN ('queued', 'running'))
           ORDER BY id DESC LIMIT 100"#,
        team.map(|team| team.0),
        service.map(|service| service.0),
        id.map(|id| id.0),
        unfinished,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(JobRecord {
                id: row.id.into(),
                team: row.team_id.into(),
                service: row.service_id.into(),
                command: parse_json("command", row.command)?,
                timeout_seconds: row.timeout_seconds,
                status: row.status,
                exit_code: row.exit_code,
                message: row.message,
                log: row.log,
                cancel_requested: row.cancel_requested,
                queued_at: row.queued_at,
                started_at: row.started_at,
                ended_at: row.ended_at,
            })
        })
        .collect()
}

/// A job of a team.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: JobId,
) -> Result<Option<JobRecord>> {
    Ok(select(connection, Some(team), None, Some(id), false)
        .await?
        .pop())
}

/// The jobs of a service, the newest first, without their logs.
pub async fn list(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
) -> Result<Vec<JobRecord>> {
    select(connection, Some(team), Some(service), None, false).await
}

/// The jobs of all teams that have not ended, without their logs: for the system itself.
pub async fn list_unfinished(connection: &mut PgConnection) -> Result<Vec<JobRecord>> {
    select(connection, None, None, None, true).await
}

/// Asks for the end of a job; whether it had not ended.
pub async fn request_cancel(
    connection: &mut PgConnection,
    team: TeamId,
    id: JobId,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE jobs SET cancel_requested = true
         WHERE team_id = $1 AND id = $2 AND status IN ('queued', 'running')",
        team.0,
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that a job runs, and what it has written so far.
pub async fn set_running(connection: &mut PgConnection, id: JobId, log: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE jobs SET status = 'running', started_at = coalesce(started_at, now()), log = $2
         WHERE id = $1 AND status IN ('queued', 'running')
           AND (status = 'queued' OR log IS DISTINCT FROM $2)",
        id.0,
        log,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How a job ended.
#[derive(Debug, Clone, Default)]
pub struct JobEnd {
    /// `succeeded`, `failed` or `cancelled`.
    pub status: &'static str,
    /// The exit code, if it ended by itself.
    pub exit_code: Option<i64>,
    /// Why it failed, when that is not the exit code.
    pub message: Option<String>,
    /// What it wrote; none keeps what is stored.
    pub log: Option<String>,
}

/// Notes the end of a job; nothing when it has one already.
pub async fn finish(connection: &mut PgConnection, id: JobId, end: &JobEnd) -> Result<()> {
    sqlx::query!(
        "UPDATE jobs SET status = $2, exit_code = $3, message = $4, log = coalesce($5, log),
                         ended_at = now()
         WHERE id = $1 AND status IN ('queued', 'running')",
        id.0,
        end.status,
        end.exit_code,
        end.message,
        end.log,
    )
    .execute(connection)
    .await?;
    Ok(())
}
