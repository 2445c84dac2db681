//! Accounts of teams at container registries.

use longshore_domain::{RegistryHost, RegistryId, TeamId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::error::parse;
use crate::{Result, StoreError};

/// An account at a registry.
#[derive(Debug, Clone)]
pub struct RegistryRecord {
    /// Its id.
    pub id: RegistryId,
    /// What people call it.
    pub name: String,
    /// The registry.
    pub host: RegistryHost,
    /// The user name.
    pub username: String,
    /// The password or token, encrypted.
    pub secret: Vec<u8>,
    /// When it was added.
    pub created_at: OffsetDateTime,
}

/// A team's accounts, by host.
pub async fn list(connection: &mut PgConnection, team: TeamId) -> Result<Vec<RegistryRecord>> {
    let rows = sqlx::query!(
        "SELECT id, name, host, username, secret, created_at FROM registries
         WHERE team_id = $1 ORDER BY host",
        team.0,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(RegistryRecord {
                id: row.id.into(),
                name: row.name,
                host: parse("registry host", &row.host)?,
                username: row.username,
                secret: row.secret,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// One of a team's accounts.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: RegistryId,
) -> Result<Option<RegistryRecord>> {
    let all = list(connection, team).await?;
    Ok(all.into_iter().find(|registry| registry.id == id))
}

/// Adds an account, or changes the one with its id.
///
/// # Errors
/// [`crate::Conflict::RegistryHost`] when the team has another account there;
/// [`StoreError::Missing`] when the id is another team's.
pub async fn save(
    connection: &mut PgConnection,
    team: TeamId,
    registry: &RegistryRecord,
) -> Result<()> {
    let done = sqlx::query!(
        "INSERT INTO registries (id, team_id, name, host, username, secret)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (id) DO UPDATE SET name = $3, host = $4, username = $5, secret = $6
         WHERE registries.team_id = $2",
        registry.id.0,
        team.0,
        registry.name,
        registry.host.as_str(),
        registry.username,
        registry.secret,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Missing)
    }
}

/// Removes an account.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn delete(connection: &mut PgConnection, team: TeamId, id: RegistryId) -> Result<()> {
    let done = sqlx::query!(
        "DELETE FROM registries WHERE team_id = $1 AND id = $2",
        team.0,
        id.0,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Missing)
    }
}
