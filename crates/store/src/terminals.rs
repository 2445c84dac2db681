//! Where terminals may be opened, and who opened which.

use longshore_domain::{ProjectId, ServiceId, TeamId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// Whether terminals may be opened in the containers of a project's services.
pub async fn are_allowed(
    connection: &mut PgConnection,
    team: TeamId,
    project: ProjectId,
) -> Result<bool> {
    let allowed = sqlx::query_scalar!(
        "SELECT terminals_allowed FROM projects WHERE team_id = $1 AND id = $2",
        team.0,
        project.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(allowed.unwrap_or(false))
}

/// Allows or forbids them.
pub async fn set_allowed(
    connection: &mut PgConnection,
    team: TeamId,
    project: ProjectId,
    allowed: bool,
) -> Result<()> {
    sqlx::query!(
        "UPDATE projects SET terminals_allowed = $3 WHERE team_id = $1 AND id = $2",
        team.0,
        project.0,
        allowed,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A terminal, for the audit trail.
#[derive(Debug, Clone)]
pub struct TerminalNote<'a> {
    /// The team of the service.
    pub team: TeamId,
    /// Who.
    pub user: UserId,
    /// In a container of which service.
    pub service: ServiceId,
    /// In which container.
    pub container: &'a str,
    /// What ran in it, such as `shell`.
    pub program: &'a str,
    /// How long, in seconds; none when it begins.
    pub seconds: Option<i64>,
}

/// Notes the begin or the end of a terminal. What was typed is noted nowhere.
pub async fn note(connection: &mut PgConnection, note: &TerminalNote<'_>) -> Result<()> {
    let verb = if note.seconds.is_some() {
        "terminal.close"
    } else {
        "terminal.open"
    };
    let mut details = serde_json::json!({ "container": note.container, "program": note.program });
    if let Some(seconds) = note.seconds {
        details["seconds"] = seconds.into();
    }
    sqlx::query!(
        "INSERT INTO audit_events (id, team_id, user_id, verb, target, details)
         VALUES ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7(),
        note.team.0,
        note.user.0,
        verb,
        format!("service:{}", note.service),
        details,
    )
    .execute(connection)
    .await?;
    Ok(())
}
