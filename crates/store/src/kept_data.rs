//! Data of services that are gone.

use longshore_domain::{ServiceId, TeamId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::Result;

/// A service that is gone and whose data was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptData {
    /// The service.
    pub service: ServiceId,
    /// Its project's name at the end.
    pub project: String,
    /// Its environment's name at the end.
    pub environment: String,
    /// Its name at the end.
    pub name: String,
    /// When it was removed.
    pub deleted_at: OffsetDateTime,
}

/// Notes that a marked service has data that stays, if it ever had a volume.
pub async fn note(connection: &mut PgConnection, service: ServiceId) -> Result<()> {
    sqlx::query!(
        "INSERT INTO kept_data (service_id, team_id, project_name, environment_name, service_name)
         SELECT s.id, s.team_id, p.name, e.name, s.name
         FROM services s
         JOIN environments e ON e.id = s.environment_id
         JOIN projects p ON p.id = e.project_id
         WHERE s.id = $1 AND s.removing_at IS NOT NULL AND NOT s.remove_volumes
           AND EXISTS (SELECT 1 FROM deployments d WHERE d.service_id = s.id
                       AND (jsonb_array_length(coalesce(d.specification->'run'->'volumes', '[]')) > 0
                            OR jsonb_path_exists(d.components, '$[*].volumes[*]')))
         ON CONFLICT DO NOTHING",
        service.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What was kept of a team's services, newest first.
pub async fn list(connection: &mut PgConnection, team: TeamId) -> Result<Vec<KeptData>> {
    let rows = sqlx::query!(
        "SELECT service_id, project_name, environment_name, service_name, deleted_at
         FROM kept_data WHERE team_id = $1 AND removing_at IS NULL
         ORDER BY deleted_at DESC, service_id",
        team.0,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| KeptData {
            service: row.service_id.into(),
            project: row.project_name,
            environment: row.environment_name,
            name: row.service_name,
            deleted_at: row.deleted_at,
        })
        .collect())
}

/// Marks data for removal; whether there was some.
pub async fn mark_removing(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE kept_data SET removing_at = now()
         WHERE team_id = $1 AND service_id = $2 AND removing_at IS NULL",
        team.0,
        service.0,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Data of all teams that is to be removed: for the system itself.
pub async fn list_removing(connection: &mut PgConnection) -> Result<Vec<ServiceId>> {
    let rows = sqlx::query!("SELECT service_id FROM kept_data WHERE removing_at IS NOT NULL")
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.service_id.into()).collect())
}

/// Forgets data that was removed.
pub async fn delete_removed(connection: &mut PgConnection, service: ServiceId) -> Result<()> {
    sqlx::query!(
        "DELETE FROM kept_data WHERE service_id = $1 AND removing_at IS NOT NULL",
        service.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}
