//! Teams and who is in them.

use longshore_domain::{Role, TeamId, UserId};
use sqlx::PgConnection;

use crate::{Result, StoreError};

/// Adds a team.
pub async fn insert(connection: &mut PgConnection, id: TeamId, name: &str) -> Result<()> {
    sqlx::query!("INSERT INTO teams (id, name) VALUES ($1, $2)", id.0, name)
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts a user into a team.
pub async fn insert_member(
    connection: &mut PgConnection,
    team: TeamId,
    user: UserId,
    role: Role,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO memberships (team_id, user_id, role) VALUES ($1, $2, $3)",
        team.0,
        user.0,
        role.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The oldest team of the installation.
pub async fn find_oldest(connection: &mut PgConnection) -> Result<Option<TeamId>> {
    let row = sqlx::query!("SELECT id FROM teams ORDER BY created_at, id LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| row.id.into()))
}

/// The team that a user joined first, with the role in it.
pub async fn find_first_membership(
    connection: &mut PgConnection,
    user: UserId,
) -> Result<Option<(TeamId, Role)>> {
    let row = sqlx::query!(
        "SELECT team_id, role FROM memberships WHERE user_id = $1
         ORDER BY created_at, team_id LIMIT 1",
        user.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((row.team_id.into(), role(&row.role)?)))
        .transpose()
}

pub(crate) fn role(name: &str) -> Result<Role> {
    Role::from_name(name).ok_or_else(|| StoreError::Corrupt(format!("role {name:?}")))
}
