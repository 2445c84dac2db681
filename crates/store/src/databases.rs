//! What services of kind `database` are databases of.

use longshore_domain::database::DatabaseKind;
use longshore_domain::{ServiceId, TeamId};
use sqlx::PgConnection;

use crate::Result;

/// Notes the engine and version of a service that was just added.
pub async fn insert(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
    kind: &DatabaseKind,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO databases (service_id, team_id, engine, version) VALUES ($1, $2, $3, $4)",
        service.0,
        team.0,
        kind.engine,
        kind.version,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The engine and version of a service, if it is a database.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
) -> Result<Option<DatabaseKind>> {
    let row = sqlx::query!(
        "SELECT engine, version FROM databases WHERE team_id = $1 AND service_id = $2",
        team.0,
        service.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| DatabaseKind {
        engine: row.engine,
        version: row.version,
    }))
}

/// Changes the version of a database.
pub async fn set_version(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
    version: &str,
) -> Result<()> {
    sqlx::query!(
        "UPDATE databases SET version = $3 WHERE team_id = $1 AND service_id = $2",
        team.0,
        service.0,
        version,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The password that a database is being given, encrypted.
pub async fn find_new_password(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
) -> Result<Option<Vec<u8>>> {
    let row = sqlx::query!(
        "SELECT new_password FROM databases WHERE team_id = $1 AND service_id = $2 FOR UPDATE",
        team.0,
        service.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|row| row.new_password))
}

/// Notes the password that a database is being given, or that it has taken it.
pub async fn set_new_password(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
    sealed: Option<&[u8]>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE databases SET new_password = $3 WHERE team_id = $1 AND service_id = $2",
        team.0,
        service.0,
        sealed,
    )
    .execute(connection)
    .await?;
    Ok(())
}
