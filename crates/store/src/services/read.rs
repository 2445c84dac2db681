//! Looking services up.

use longshore_domain::{EnvironmentId, ServiceId, TeamId};
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ServiceRecord, port};
use crate::error::{parse, parse_json};
use crate::{Result, StoreError};

struct ServiceRow {
    id: Uuid,
    team_id: Uuid,
    environment_id: Uuid,
    environment_name: String,
    project_id: Uuid,
    project_name: String,
    kind: String,
    name: String,
    port: Option<i32>,
    source: Value,
    build: Value,
    run: Value,
    git_access: Value,
    git_secret: Option<Vec<u8>>,
    git_public_key: Option<String>,
    git_host_key: Option<String>,
    stopped: bool,
    restart_requested_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
}

impl TryFrom<ServiceRow> for ServiceRecord {
    type Error = StoreError;

    fn try_from(row: ServiceRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            team: row.team_id.into(),
            environment: row.environment_id.into(),
            environment_name: parse("environment name", &row.environment_name)?,
            project: row.project_id.into(),
            project_name: parse("project name", &row.project_name)?,
            kind: row.kind,
            name: parse("service name", &row.name)?,
            port: port(row.port)?,
            source: parse_json("source", row.source)?,
            build: parse_json("build", row.build)?,
            run: parse_json("run settings", row.run)?,
            git_access: parse_json("git access", row.git_access)?,
            git_secret: row.git_secret,
            git_public_key: row.git_public_key,
            git_host_key: row.git_host_key,
            stopped: row.stopped,
            restart_requested_at: row.restart_requested_at,
            created_at: row.created_at,
        })
    }
}

/// Selects services by team, environment and id; each may be open.
async fn select(
    connection: &mut PgConnection,
    team: Option<TeamId>,
    environment: Option<EnvironmentId>,
    id: Option<ServiceId>,
    with_removing: bool,
) -> Result<Vec<ServiceRecord>> {
    sqlx::query_as!(
        ServiceRow,
        "SELECT s.id, s.team_id, s.environment_id, e.name AS environment_name, e.project_id,
                p.name AS project_name, s.kind, s.name, s.port, s.source, s.build, s.run,
                s.git_access, s.git_secret, s.git_public_key, s.git_host_key, s.stopped,
                s.restart_requested_at, s.created_at
         FROM services s
         JOIN environments e ON e.id = s.environment_id
         JOIN projects p ON p.id = e.project_id
         WHERE ($1::uuid IS NULL OR s.team_id = $1)
           AND ($2::uuid IS NULL OR s.environment_id = $2)
           AND ($3::uuid IS NULL OR s.id = $3)
           AND ($4 OR s.removing_at IS NULL)
         ORDER BY s.name, s.id",
        team.map(|team| team.0),
        environment.map(|environment| environment.0),
        id.map(|id| id.0),
        with_removing,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// A service of a team.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: ServiceId,
) -> Result<Option<ServiceRecord>> {
    Ok(select(connection, Some(team), None, Some(id), false)
        .await?
        .pop())
}

/// A service of any team, also one that is being removed: for the system itself.
pub async fn find_for_system(
    connection: &mut PgConnection,
    id: ServiceId,
) -> Result<Option<ServiceRecord>> {
    Ok(select(connection, None, None, Some(id), true).await?.pop())
}

/// The services of an environment by name.
pub async fn list_of_environment(
    connection: &mut PgConnection,
    team: TeamId,
    environment: EnvironmentId,
) -> Result<Vec<ServiceRecord>> {
    select(connection, Some(team), Some(environment), None, false).await
}

/// All services of a team by name.
pub async fn list_of_team(
    connection: &mut PgConnection,
    team: TeamId,
) -> Result<Vec<ServiceRecord>> {
    select(connection, Some(team), None, None, false).await
}

/// All services of all teams that are not being removed: for the system itself.
pub async fn list_for_system(connection: &mut PgConnection) -> Result<Vec<ServiceRecord>> {
    select(connection, None, None, None, false).await
}
