//! Removing services: first marked, then deleted when the machine is clean.

use longshore_domain::{EnvironmentId, ServiceId, ServiceName, TeamId};
use sqlx::PgConnection;

use crate::Result;

/// Marks services for removal: one, those of an environment or those of a project. Their
/// domains go at once, their waiting deployments are cancelled and their working ones
/// asked to end. Answers which services it were.
pub async fn mark_removing(
    connection: &mut PgConnection,
    team: TeamId,
    service: Option<ServiceId>,
    environment: Option<EnvironmentId>,
    project: Option<longshore_domain::ProjectId>,
) -> Result<Vec<ServiceId>> {
    let rows = sqlx::query!(
        "UPDATE services s SET removing_at = now()
         FROM environments e
         WHERE e.id = s.environment_id AND s.team_id = $1 AND s.removing_at IS NULL
           AND (s.id = $2 OR s.environment_id = $3 OR e.project_id = $4)
         RETURNING s.id",
        team.0,
        service.map(|id| id.0),
        environment.map(|id| id.0),
        project.map(|id| id.0),
    )
    .fetch_all(&mut *connection)
    .await?;
    let ids: Vec<uuid::Uuid> = rows.into_iter().map(|row| row.id).collect();
    sqlx::query!("DELETE FROM domains WHERE service_id = ANY($1)", &ids)
        .execute(&mut *connection)
        .await?;
    sqlx::query!(
        "UPDATE deployments SET status = 'cancelled', ended_at = now()
         WHERE service_id = ANY($1) AND status = 'queued'",
        &ids,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE deployments SET cancel_requested_at = coalesce(cancel_requested_at, now())
         WHERE service_id = ANY($1) AND status IN
            ('fetching', 'building', 'releasing', 'starting', 'verifying', 'switching')",
        &ids,
    )
    .execute(connection)
    .await?;
    Ok(ids.into_iter().map(ServiceId::from).collect())
}

/// A service whose remains are to be removed from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removing {
    /// The service.
    pub service: ServiceId,
    /// Whether its data goes too.
    pub volumes: bool,
}

/// Notes that the data of a marked service goes with it.
pub async fn remove_volumes_too(connection: &mut PgConnection, id: ServiceId) -> Result<()> {
    sqlx::query!(
        "UPDATE services SET remove_volumes = true WHERE id = $1 AND removing_at IS NOT NULL",
        id.0
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Services that are marked and whose work has ended: the agent can clean up.
pub async fn list_removing(connection: &mut PgConnection) -> Result<Vec<Removing>> {
    let rows = sqlx::query!(
        "SELECT s.id, s.remove_volumes FROM services s WHERE s.removing_at IS NOT NULL AND NOT EXISTS
             (SELECT 1 FROM deployments d WHERE d.service_id = s.id AND d.status IN
                 ('fetching', 'building', 'releasing', 'starting', 'verifying', 'switching'))
         ORDER BY s.removing_at"
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Removing {
            service: row.id.into(),
            volumes: row.remove_volumes,
        })
        .collect())
}

/// Deletes a service that is marked; whether there was one.
pub async fn delete_removed(connection: &mut PgConnection, id: ServiceId) -> Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM services WHERE id = $1 AND removing_at IS NOT NULL",
        id.0
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a name is still held by a service that is being removed.
pub async fn is_name_being_removed(
    connection: &mut PgConnection,
    environment: EnvironmentId,
    name: &ServiceName,
) -> Result<bool> {
    let row = sqlx::query!(
        r#"SELECT EXISTS (SELECT 1 FROM services WHERE environment_id = $1 AND name = $2
           AND removing_at IS NOT NULL) AS "exists!""#,
        environment.0,
        name.as_str(),
    )
    .fetch_one(connection)
    .await?;
    Ok(row.exists)
}
