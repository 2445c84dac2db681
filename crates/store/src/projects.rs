//! Projects. Those that are being removed are not found.

use longshore_domain::{ProjectId, ProjectName, TeamId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::parse;
use crate::{Result, StoreError};

/// A project.
#[derive(Debug, Clone)]
pub struct ProjectRecord {
    /// Its id.
    pub id: ProjectId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its name.
    pub name: ProjectName,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

struct ProjectRow {
    id: Uuid,
    team_id: Uuid,
    name: String,
    created_at: OffsetDateTime,
}

impl TryFrom<ProjectRow> for ProjectRecord {
    type Error = StoreError;

    fn try_from(row: ProjectRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            team: row.team_id.into(),
            name: parse("project name", &row.name)?,
            created_at: row.created_at,
        })
    }
}

/// Adds a project.
///
/// # Errors
/// [`crate::Conflict::ProjectName`].
pub async fn insert(
    connection: &mut PgConnection,
    id: ProjectId,
    team: TeamId,
    name: &ProjectName,
) -> Result<ProjectRecord> {
    sqlx::query_as!(
        ProjectRow,
        "INSERT INTO projects (id, team_id, name) VALUES ($1, $2, $3)
         RETURNING id, team_id, name, created_at",
        id.0,
        team.0,
        name.as_str(),
    )
    .fetch_one(connection)
    .await?
    .try_into()
}

/// A project of a team.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: ProjectId,
) -> Result<Option<ProjectRecord>> {
    sqlx::query_as!(
        ProjectRow,
        "SELECT id, team_id, name, created_at FROM projects
         WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
    )
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// A team's projects by name.
pub async fn list(connection: &mut PgConnection, team: TeamId) -> Result<Vec<ProjectRecord>> {
    sqlx::query_as!(
        ProjectRow,
        "SELECT id, team_id, name, created_at FROM projects
         WHERE team_id = $1 AND removing_at IS NULL ORDER BY lower(name) LIMIT 1000",
        team.0,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Renames a project.
///
/// # Errors
/// [`crate::Conflict::ProjectName`], or [`StoreError::Missing`].
pub async fn update_name(
    connection: &mut PgConnection,
    team: TeamId,
    id: ProjectId,
    name: &ProjectName,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE projects SET name = $3 WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
        name.as_str(),
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    Ok(())
}

/// Marks a project for removal with all its environments.
pub async fn mark_removing(
    connection: &mut PgConnection,
    team: TeamId,
    id: ProjectId,
) -> Result<()> {
    sqlx::query!(
        "UPDATE projects SET removing_at = now()
         WHERE team_id = $1 AND id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "UPDATE environments SET removing_at = now()
         WHERE team_id = $1 AND project_id = $2 AND removing_at IS NULL",
        team.0,
        id.0,
    )
    .execute(connection)
    .await?;
    Ok(())
}
