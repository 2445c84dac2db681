//! Environments. Those that are being removed are not found.

use longshore_domain::{EnvironmentId, EnvironmentName, ProjectId, ProjectName, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::parse;
use crate::{Result, StoreError};

/// An environment with its project's name.
#[derive(Debug, Clone)]
pub struct EnvironmentRecord {
    /// Its id.
    pub id: EnvironmentId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its project.
    pub project: ProjectId,
    /// Its project's name.
    pub project_name: ProjectName,
    /// Its name.
    pub name: EnvironmentName,
}

struct EnvironmentRow {
    id: Uuid,
    team_id: Uuid,
    project_id: Uuid,
    project_name: String,
    name: String,
}

impl TryFrom<EnvironmentRow> for EnvironmentRecord {
    type Error = StoreError;

    fn try_from(row: EnvironmentRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            team: row.team_id.into(),
            project: row.project_id.into(),
            project_name: parse("project name", &row.project_name)?,
            name: parse("environment name", &row.name)?,
        })
    }
}

/// Adds an environment.
///
/// # Errors
/// [`crate::Conflict::EnvironmentName`], or [`StoreError::Missing`] when the project is
/// being removed.
pub async fn insert(
    connection: &mut PgConnection,
    id: EnvironmentId,
    team: TeamId,
    project: ProjectId,
    name: &EnvironmentName,
) -> Result<()> {
    let done = sqlx::query!(
        "INSERT INTO environments (id, team_id, project_id, name)
         SELECT $1, p.team_id, p.id, $4 FROM projects p
         WHERE p.team_id = $2 AND p.id = $3 AND p.removing_at IS NULL FOR SHARE",
        id.0,
        team.0,
        project.0,
        name.as_str(),
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    Ok(())
}

/// An environment of a team.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: EnvironmentId,
) -> Result<Option<EnvironmentRecord>> {
    sqlx::query_as!(
        EnvironmentRow,
        "SELECT e.id, e.team_id, e.project_id, p.name AS project_name, e.name
         FROM environments e JOIN projects p ON p.id = e.project_id
         WHERE e.team_id = $1 AND e.id = $2 AND e.removing_at IS NULL",
        team.0,
        id.0,
    )
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// A team's environments, of one project if it is named, in the order in which they were
/// made.
pub async fn list(
    connection: &mut PgConnection,
    team: TeamId,
    project: Option<ProjectId>,
) -> Result<Vec<EnvironmentRecord>> {
    sqlx::query_as!(
        EnvironmentRow,
        "SELECT e.id, e.team_id, e.project_id, p.name AS project_name, e.name
         FROM environments e JOIN projects p ON p.id = e.project_id
         WHERE e.team_id = $1 AND ($2::uuid IS NULL OR e.project_id = $2)
           AND e.removing_at IS NULL
         ORDER BY e.created_at, e.id",
        team.0,
        project.map(|project| project.0),
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// All environments of all teams, for the reconciler.
pub async fn list_ids(connection: &mut PgConnection) -> Result<Vec<EnvironmentId>> {
    let rows = sqlx::query!("SELECT id FROM environments ORDER BY id")
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.id.into()).collect())
}

/// Marks an environment for removal.
pub async fn mark_removing(
    connection: &mut PgConnection,
    team: TeamId,
    id: EnvironmentId,
) -> Result<()> {
    sqlx::query!(
        "UPDATE environments SET removing_at = now()
         WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes environments and then projects that are marked for removal and have nothing
/// left in them.
pub async fn sweep_removed(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        "DELETE FROM environments e WHERE e.removing_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM services s WHERE s.environment_id = e.id)"
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "DELETE FROM projects p WHERE p.removing_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM environments e WHERE e.project_id = p.id)"
    )
    .execute(connection)
    .await?;
    Ok(())
}
