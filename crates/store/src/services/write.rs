//! Making and changing services.

use longshore_domain::run::{Port, RunSettings};
use longshore_domain::source::{Build, Source};
use longshore_domain::{DeploymentId, EnvironmentId, ServiceId, ServiceName, TeamId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::GitAccess;
use crate::error::to_json;
use crate::{Result, StoreError};

/// The settings of a service.
#[derive(Debug, Clone)]
pub struct ServiceChange {
    /// Its name.
    pub name: ServiceName,
    /// The port that it listens on.
    pub port: Option<Port>,
    /// Where it comes from.
    pub source: Source,
    /// How it becomes an image.
    pub build: Build,
    /// How it runs.
    pub run: RunSettings,
    /// How its repository is reached.
    pub git: GitReach,
}

/// How a service's repository is reached, with the secret encrypted.
#[derive(Debug, Clone, Default)]
pub struct GitReach {
    /// The way.
    pub access: GitAccess,
    /// The token or the private key, encrypted.
    pub secret: Option<Vec<u8>>,
    /// The public half of the deploy key.
    pub public_key: Option<String>,
    /// The pinned SSH host key.
    pub host_key: Option<String>,
}

/// Adds a service of a kind: `app`, `database` or `stack`.
///
/// # Errors
/// [`crate::Conflict::ServiceName`], or [`StoreError::Missing`] when the environment is
/// being removed.
pub async fn insert(
    connection: &mut PgConnection,
    id: ServiceId,
    team: TeamId,
    environment: EnvironmentId,
    kind: &str,
    service: &ServiceChange,
) -> Result<()> {
    let done = sqlx::query!(
        "INSERT INTO services (id, team_id, environment_id, kind, name, port, source, build, run,
                               git_access, git_secret, git_public_key, git_host_key)
         SELECT $1, e.team_id, e.id, $13, $4, $5, $6, $7, $8, $9, $10, $11, $12
         FROM environments e
         WHERE e.team_id = $2 AND e.id = $3 AND e.removing_at IS NULL FOR SHARE",
        id.0,
        team.0,
        environment.0,
        service.name.as_str(),
        service.port.map(|port| i32::from(port.get())),
        to_json(&service.source)?,
        to_json(&service.build)?,
        to_json(&service.run)?,
        to_json(&service.git.access)?,
        service.git.secret,
        service.git.public_key,
        service.git.host_key,
        kind,
    )
    .execute(connection)
    .await?;
    one(done.rows_affected())
}

/// Changes a service's settings.
///
/// # Errors
/// [`crate::Conflict::ServiceName`], or [`StoreError::Missing`].
pub async fn update(
    connection: &mut PgConnection,
    team: TeamId,
    id: ServiceId,
    service: &ServiceChange,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE services SET name = $3, port = $4, source = $5, build = $6, run = $7,
                git_access = $8, git_secret = $9, git_public_key = $10, git_host_key = $11
         WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
        service.name.as_str(),
        service.port.map(|port| i32::from(port.get())),
        to_json(&service.source)?,
        to_json(&service.build)?,
        to_json(&service.run)?,
        to_json(&service.git.access)?,
        service.git.secret,
        service.git.public_key,
        service.git.host_key,
    )
    .execute(connection)
    .await?;
    one(done.rows_affected())
}

/// Changes where a service comes from, and nothing else.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn set_source(
    connection: &mut PgConnection,
    team: TeamId,
    id: ServiceId,
    source: &Source,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE services SET source = $3 WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
        to_json(source)?,
    )
    .execute(connection)
    .await?;
    one(done.rows_affected())
}

/// Notes whether a service is stopped.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn set_stopped(
    connection: &mut PgConnection,
    team: TeamId,
    id: ServiceId,
    stopped: bool,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE services SET stopped = $3, restart_requested_at = NULL
         WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
        stopped,
    )
    .execute(connection)
    .await?;
    one(done.rows_affected())
}

/// Notes that a person asked for new containers.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn request_restart(
    connection: &mut PgConnection,
    team: TeamId,
    id: ServiceId,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE services SET restart_requested_at = clock_timestamp()
         WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
    )
    .execute(connection)
    .await?;
    one(done.rows_affected())
}

/// Notes that the containers were replaced, unless it was asked for again meanwhile.
pub async fn clear_restart(
    connection: &mut PgConnection,
    id: ServiceId,
    requested_at: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "UPDATE services SET restart_requested_at = NULL
         WHERE id = $1 AND restart_requested_at <= $2",
        id.0,
        requested_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the next deployment number. The service's row stays locked until the
/// transaction ends, so that requests of one service come one after the other. A stopped
/// service counts as started.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn take_number(
    connection: &mut PgConnection,
    team: TeamId,
    id: ServiceId,
) -> Result<i32> {
    let row = sqlx::query!(
        r#"UPDATE services SET next_number = next_number + 1, stopped = false
           WHERE team_id = $1 AND id = $2 AND removing_at IS NULL
           RETURNING next_number - 1 AS "number!""#,
        team.0,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| row.number).ok_or(StoreError::Missing)
}

fn one(rows_affected: u64) -> Result<()> {
    if rows_affected == 1 {
        Ok(())
    } else {
        Err(StoreError::Missing)
    }
}

/// Lets one transaction after the other change a service; whether there is one.
pub async fn lock(connection: &mut PgConnection, id: ServiceId) -> Result<bool> {
    let row = sqlx::query!("SELECT id FROM services WHERE id = $1 FOR UPDATE", id.0)
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// Pins the SSH host key that a deployment met, unless one is pinned, the repository's URL
/// changed meanwhile, or the worker has lost its lease.
pub async fn pin_host_key(
    connection: &mut PgConnection,
    deployment: DeploymentId,
    worker: Uuid,
    fingerprint: &str,
) -> Result<()> {
    sqlx::query!(
        "UPDATE services s SET git_host_key = $3 FROM deployments d
         WHERE d.id = $1 AND d.lease_owner = $2 AND s.id = d.service_id
           AND s.git_host_key IS NULL
           AND s.source->'git'->>'url' = d.specification->'origin'->>'url'",
        deployment.0,
        worker,
        fingerprint,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the pinned SSH host key: the next deployment pins the one it meets.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn forget_host_key(
    connection: &mut PgConnection,
    team: TeamId,
    id: ServiceId,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE services SET git_host_key = NULL
         WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
    )
    .execute(connection)
    .await?;
    one(done.rows_affected())
}
