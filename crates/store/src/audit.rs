//! Who did what.

use longshore_domain::{TeamId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Notes a deed, such as `project.create` of `project:…`.
pub async fn insert(
    connection: &mut PgConnection,
    team: Option<TeamId>,
    user: Option<UserId>,
    verb: &str,
    target: &str,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_events (id, team_id, user_id, verb, target)
         VALUES ($1, $2, $3, $4, $5)",
        Uuid::now_v7(),
        team.map(|team| team.0),
        user.map(|user| user.0),
        verb,
        target,
    )
    .execute(connection)
    .await?;
    Ok(())
}
