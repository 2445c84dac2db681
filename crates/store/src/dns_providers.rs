//! Where teams' DNS records can be made.

use longshore_domain::{DnsProviderId, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, StoreError};

/// A DNS provider.
#[derive(Debug, Clone)]
pub struct DnsProviderRecord {
    /// Its id.
    pub id: DnsProviderId,
    /// The team that owns it.
    pub team: TeamId,
    /// What people call it.
    pub name: String,
    /// Its kind and settings, without the secret.
    pub settings: serde_json::Value,
    /// The encrypted secret.
    pub sealed_secret: Vec<u8>,
}

struct DnsProviderRow {
    id: Uuid,
    team_id: Uuid,
    name: String,
    settings: serde_json::Value,
    secret: Vec<u8>,
}

impl From<DnsProviderRow> for DnsProviderRecord {
    fn from(row: DnsProviderRow) -> Self {
        Self {
            id: row.id.into(),
            team: row.team_id.into(),
            name: row.name,
            settings: row.settings,
            sealed_secret: row.secret,
        }
    }
}

/// Adds a DNS provider.
///
/// # Errors
/// [`crate::Conflict::DnsProviderName`].
pub async fn insert(connection: &mut PgConnection, provider: &DnsProviderRecord) -> Result<()> {
    sqlx::query!(
        "INSERT INTO dns_providers (id, team_id, name, settings, secret)
         VALUES ($1, $2, $3, $4, $5)",
        provider.id.0,
        provider.team.0,
        provider.name,
        provider.settings,
        provider.sealed_secret,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A DNS provider of a team.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: DnsProviderId,
) -> Result<Option<DnsProviderRecord>> {
    let row = sqlx::query_as!(
        DnsProviderRow,
        "SELECT id, team_id, name, settings, secret FROM dns_providers
         WHERE team_id = $1 AND id = $2",
        team.0,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(Into::into))
}

/// All DNS providers of a team, by name.
pub async fn list(connection: &mut PgConnection, team: TeamId) -> Result<Vec<DnsProviderRecord>> {
    let rows = sqlx::query_as!(
        DnsProviderRow,
        "SELECT id, team_id, name, settings, secret FROM dns_providers
         WHERE team_id = $1 ORDER BY name",
        team.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The DNS providers of all teams that domains or the dashboard use: for the system itself.
pub async fn list_used_for_system(connection: &mut PgConnection) -> Result<Vec<DnsProviderRecord>> {
    let rows = sqlx::query_as!(
        DnsProviderRow,
        "SELECT id, team_id, name, settings, secret FROM dns_providers
         WHERE id IN (SELECT dns_provider_id FROM domains WHERE tls = 'acme')
            OR id IN (SELECT dns_provider_id FROM dashboard_domain WHERE tls = 'acme')"
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Removes a DNS provider.
///
/// # Errors
/// [`StoreError::Missing`].
pub async fn delete(connection: &mut PgConnection, team: TeamId, id: DnsProviderId) -> Result<()> {
    let done = sqlx::query!(
        "DELETE FROM dns_providers WHERE team_id = $1 AND id = $2",
        team.0,
        id.0
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    Ok(())
}
