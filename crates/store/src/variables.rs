//! Variables of services, environments and projects, with encrypted values.

use longshore_domain::{
    DeploymentId, EnvKey, EnvironmentId, ProjectId, ServiceId, ServiceName, TeamId,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Result;
use crate::error::parse;

/// What a variable belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A service.
    Service(ServiceId),
    /// An environment.
    Environment(EnvironmentId),
    /// A project.
    Project(ProjectId),
}

impl Owner {
    /// The id of what it belongs to.
    pub fn id(self) -> Uuid {
        match self {
            Self::Service(id) => id.0,
            Self::Environment(id) => id.0,
            Self::Project(id) => id.0,
        }
    }

    fn columns(self) -> (Option<Uuid>, Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Service(id) => (Some(id.0), None, None),
            Self::Environment(id) => (None, Some(id.0), None),
            Self::Project(id) => (None, None, Some(id.0)),
        }
    }
}

/// A variable.
#[derive(Debug, Clone)]
pub struct VariableRecord {
    /// Its name.
    pub key: EnvKey,
    /// Its value, encrypted.
    pub value: Vec<u8>,
    /// Whether it is hidden.
    pub secret: bool,
    /// Whether its value holds secrets that were made for it.
    pub generated: bool,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// Whether a live version that gets it read the variables before it changed.
    pub changed_since_live: bool,
}

/// Lets one transaction after the other change the variables of an owner.
pub async fn lock(connection: &mut PgConnection, owner: Owner) -> Result<()> {
    sqlx::query!(
        r#"SELECT true AS "locked!" FROM pg_advisory_xact_lock(hashtextextended($1, 7305942))"#,
        owner.id().to_string(),
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// The variables of an owner by name.
pub async fn list(
    connection: &mut PgConnection,
    team: TeamId,
    owner: Owner,
) -> Result<Vec<VariableRecord>> {
    let (service, environment, project) = owner.columns();
    let rows = sqlx::query!(
        r#"SELECT v.key, v.value, v.secret, v.generated, v.updated_at, EXISTS (
               SELECT 1 FROM deployments d
               JOIN services s ON s.id = d.service_id
               JOIN environments e ON e.id = s.environment_id
               WHERE d.status = 'live' AND d.team_id = $1
                 AND (s.id = $2 OR s.environment_id = $3 OR e.project_id = $4)
                 AND (d.specification->>'variables_at')::timestamptz < v.updated_at
           ) AS "changed_since_live!"
           FROM variables v
           WHERE v.team_id = $1
             AND (v.service_id = $2 OR v.environment_id = $3 OR v.project_id = $4)
           ORDER BY v.key"#,
        team.0,
        service,
        environment,
        project,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(VariableRecord {
                key: parse("variable name", &row.key)?,
                value: row.value,
                secret: row.secret,
                generated: row.generated,
                updated_at: row.updated_at,
                changed_since_live: row.changed_since_live,
            })
        })
        .collect()
}

/// Sets a variable, as one that was not generated. The owner must be locked.
pub async fn set(
    connection: &mut PgConnection,
    team: TeamId,
    owner: Owner,
    key: &EnvKey,
    value: &[u8],
    secret: bool,
    now: OffsetDateTime,
) -> Result<()> {
    let (service, environment, project) = owner.columns();
    let done = sqlx::query!(
        "UPDATE variables SET value = $6, secret = $7, generated = false, updated_at = $8
         WHERE team_id = $1 AND key = $5
           AND (service_id = $2 OR environment_id = $3 OR project_id = $4)",
        team.0,
        service,
        environment,
        project,
        key.as_str(),
        value,
        secret,
        now,
    )
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        sqlx::query!(
            "INSERT INTO variables (team_id, service_id, environment_id, project_id, key, value,
                                    secret, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            team.0,
            service,
            environment,
            project,
            key.as_str(),
            value,
            secret,
            now,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Removes a variable; whether there was one.
pub async fn delete(
    connection: &mut PgConnection,
    team: TeamId,
    owner: Owner,
    key: &EnvKey,
) -> Result<bool> {
    let (service, environment, project) = owner.columns();
    let done = sqlx::query!(
        "DELETE FROM variables WHERE team_id = $1 AND key = $5
           AND (service_id = $2 OR environment_id = $3 OR project_id = $4)",
        team.0,
        service,
        environment,
        project,
        key.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A variable that a service of an environment can reach.
#[derive(Debug, Clone)]
pub struct ReachableVariable {
    /// What it belongs to.
    pub owner: Owner,
    /// The name of the service that it belongs to.
    pub service_name: Option<ServiceName>,
    /// Its name.
    pub key: EnvKey,
    /// Its value, encrypted.
    pub value: Vec<u8>,
    /// Whether it is hidden.
    pub secret: bool,
}

/// All variables that the services of an environment can reach: their own, each other's,
/// the environment's and the project's.
pub async fn list_reachable(
    connection: &mut PgConnection,
    team: TeamId,
    environment: EnvironmentId,
    project: ProjectId,
) -> Result<Vec<ReachableVariable>> {
    let rows = sqlx::query!(
        r#"SELECT v.service_id, v.environment_id, s.name AS "service_name?", v.key, v.value,
                  v.secret
           FROM variables v
           LEFT JOIN services s ON s.id = v.service_id
           WHERE v.team_id = $1
             AND (v.environment_id = $2 OR v.project_id = $3 OR s.environment_id = $2)
             AND s.removing_at IS NULL"#,
        team.0,
        environment.0,
        project.0,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let owner = match (row.service_id, row.environment_id) {
                (Some(service), _) => Owner::Service(service.into()),
                (None, Some(environment)) => Owner::Environment(environment.into()),
                (None, None) => Owner::Project(project),
            };
            Ok(ReachableVariable {
                owner,
                service_name: row
                    .service_name
                    .map(|name| parse("service name", &name))
                    .transpose()?,
                key: parse("variable name", &row.key)?,
                value: row.value,
                secret: row.secret,
            })
        })
        .collect()
}

/// Notes that a variable's value holds secrets that were made for it. The owner must be
/// locked.
pub async fn mark_generated(
    connection: &mut PgConnection,
    team: TeamId,
    owner: Owner,
    key: &EnvKey,
) -> Result<()> {
    let (service, environment, project) = owner.columns();
    sqlx::query!(
        "UPDATE variables SET generated = true WHERE team_id = $1 AND key = $5
           AND (service_id = $2 OR environment_id = $3 OR project_id = $4)",
        team.0,
        service,
        environment,
        project,
        key.as_str(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The variables that the live version of a service was given.
#[derive(Debug, Clone)]
pub struct LiveVariables {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its number.
    pub number: i32,
    /// All of them, resolved, encrypted as a whole.
    pub variables: Vec<u8>,
}

/// The variables of the live version; none when nothing is live.
pub async fn find_live(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
) -> Result<Option<LiveVariables>> {
    let row = sqlx::query!(
        "SELECT id, number, variables FROM deployments
         WHERE team_id = $1 AND service_id = $2 AND status = 'live'",
        team.0,
        service.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| LiveVariables {
        deployment: row.id.into(),
        number: row.number,
        variables: row.variables,
    }))
}
