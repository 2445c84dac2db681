//! Looking deployments up.

use longshore_domain::compose::ComponentRelease;
use longshore_domain::run::DEFAULT_KEEP_RELEASES;
use longshore_domain::{
    Cause, DeploymentId, DeploymentStatus, EnvironmentId, Failure, FailureKind, ProjectId,
    ServiceId, Specification, Stage, StageTimings, TeamId,
};
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::parse_json;
use crate::{Result, StoreError};

/// A deployment with the names around it.
#[derive(Debug, Clone)]
pub struct DeploymentRecord {
    /// Its id.
    pub id: DeploymentId,
    /// The team that owns it.
    pub team: TeamId,
    /// Its service.
    pub service: ServiceId,
    /// Its service's name.
    pub service_name: String,
    /// Its environment.
    pub environment: EnvironmentId,
    /// Its environment's name.
    pub environment_name: String,
    /// Its project.
    pub project: ProjectId,
    /// Its project's name.
    pub project_name: String,
    /// Its number within the service.
    pub number: i32,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// Why it exists.
    pub cause: Cause,
    /// The name of who asked for it.
    pub requested_by: Option<String>,
    /// What to run.
    pub specification: Specification,
    /// The resolved variables, encrypted.
    pub variables: Vec<u8>,
    /// The commit.
    pub commit_sha: Option<String>,
    /// The first line of the commit's message.
    pub commit_subject: Option<String>,
    /// The commit's author.
    pub commit_author: Option<String>,
    /// The image's tag on the machine.
    pub image: Option<String>,
    /// The image's identity.
    pub image_digest: Option<String>,
    /// The image's size.
    pub image_size_bytes: Option<i64>,
    /// What a registry's reference meant, `name@sha256:…`.
    pub image_pinned: Option<String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The number of the deployment that overtook it.
    pub superseded_by: Option<i32>,
    /// How long each stage took.
    pub timings: StageTimings,
    /// The last event that is stored.
    pub last_sequence: i64,
    /// Whether a person asked for its end.
    pub cancel_requested: bool,
    /// When it was asked for.
    pub queued_at: OffsetDateTime,
    /// When its work began.
    pub started_at: Option<OffsetDateTime>,
    /// When its present stage began.
    pub stage_started_at: Option<OffsetDateTime>,
    /// When its work ended.
    pub ended_at: Option<OffsetDateTime>,
    /// Until when it is watched, while it is live.
    pub watch_until: Option<OffsetDateTime>,
    /// What it consists of, if it is of a stack and was live.
    pub components: Vec<ComponentRelease>,
}

struct DeploymentRow {
    id: Uuid,
    team_id: Uuid,
    service_id: Uuid,
    service_name: String,
    environment_id: Uuid,
    environment_name: String,
    project_id: Uuid,
    project_name: String,
    number: i32,
    status: String,
    cause: Value,
    requested_by: Option<String>,
    specification: Value,
    variables: Vec<u8>,
    commit_sha: Option<String>,
    commit_subject: Option<String>,
    commit_author: Option<String>,
    image: Option<String>,
    image_digest: Option<String>,
    image_size_bytes: Option<i64>,
    image_pinned: Option<String>,
    failure_stage: Option<String>,
    failure_kind: Option<String>,
    failure_message: Option<String>,
    superseded_by: Option<i32>,
    timings: Value,
    last_sequence: i64,
    cancel_requested: bool,
    queued_at: OffsetDateTime,
    started_at: Option<OffsetDateTime>,
    stage_started_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
    watch_until: Option<OffsetDateTime>,
    components: Option<Value>,
}

impl TryFrom<DeploymentRow> for DeploymentRecord {
    type Error = StoreError;

    fn try_from(row: DeploymentRow) -> Result<Self> {
        let failure = row.failure_kind.map(|kind| Failure {
            stage: row.failure_stage.as_deref().and_then(Stage::from_name),
            kind: FailureKind::from_name(&kind),
            message: row.failure_message.unwrap_or_default(),
        });
        Ok(Self {
            id: row.id.into(),
            team: row.team_id.into(),
            service: row.service_id.into(),
            service_name: row.service_name,
            environment: row.environment_id.into(),
            environment_name: row.environment_name,
            project: row.project_id.into(),
            project_name: row.project_name,
            number: row.number,
            status: status(&row.status)?,
            cause: parse_json("cause", row.cause)?,
            requested_by: row.requested_by,
            specification: parse_json("specification", row.specification)?,
            variables: row.variables,
            commit_sha: row.commit_sha,
            commit_subject: row.commit_subject,
            commit_author: row.commit_author,
            image: row.image,
            image_digest: row.image_digest,
            image_size_bytes: row.image_size_bytes,
            image_pinned: row.image_pinned,
            failure,
            superseded_by: row.superseded_by,
            timings: parse_json("timings", row.timings)?,
            last_sequence: row.last_sequence,
            cancel_requested: row.cancel_requested,
            queued_at: row.queued_at,
            started_at: row.started_at,
            stage_started_at: row.stage_started_at,
            ended_at: row.ended_at,
            watch_until: row.watch_until,
            components: row
                .components
                .map(|components| parse_json("components", components))
                .transpose()?
                .unwrap_or_default(),
        })
    }
}

pub(super) fn status(name: &str) -> Result<DeploymentStatus> {
    DeploymentStatus::from_name(name)
        .ok_or_else(|| StoreError::Corrupt(format!("deployment status {name:?}")))
}

/// Selects deployments by team, id and service, the newest first. Those of services that
/// are being removed are left out when a team is named.
async fn select(
    connection: &mut PgConnection,
    team: Option<TeamId>,
    id: Option<DeploymentId>,
    service: Option<ServiceId>,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<DeploymentRecord>> {
    sqlx::query_as!(
        DeploymentRow,
        r#"SELECT d.id, d.team_id, d.service_id, s.name AS service_name, s.environment_id,
                  e.name AS environment_name, e.project_id, p.name AS project_name, d.number,
                  d.status, d.cause, u.name AS "requested_by?", d.specification, d.variables,
                  d.commit_sha, d.commit_subject, d.commit_author, d.image, d.image_digest,
                  d.image_size_bytes, d.image_pinned, d.failure_stage, d.failure_kind, d.failure_message,
                  d.superseded_by, d.timings, d.last_sequence,
                  d.cancel_requested_at IS NOT NULL AS "cancel_requested!", d.queued_at,
                  d.started_at, d.stage_started_at, d.ended_at, d.watch_until,
                  d.components
           FROM deployments d
           JOIN services s ON s.id = d.service_id
           JOIN environments e ON e.id = s.environment_id
           JOIN projects p ON p.id = e.project_id
           LEFT JOIN users u ON u.id = d.requested_by
           WHERE ($1::uuid IS NULL OR (d.team_id = $1 AND s.removing_at IS NULL))
             AND ($2::uuid IS NULL OR d.id = $2)
             AND ($3::uuid IS NULL OR d.service_id = $3)
             AND ($4::integer IS NULL OR d.number < $4)
           ORDER BY d.number DESC LIMIT $5"#,
        team.map(|team| team.0),
        id.map(|id| id.0),
        service.map(|service| service.0),
        before,
        limit,
    )
    .fetch_all(connection)
    .await?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// A deployment of a team.
pub async fn find(
    connection: &mut PgConnection,
    team: TeamId,
    id: DeploymentId,
) -> Result<Option<DeploymentRecord>> {
    Ok(select(connection, Some(team), Some(id), None, None, 1)
        .await?
        .pop())
}

/// A deployment of any team, for the system itself.
pub async fn find_for_system(
    connection: &mut PgConnection,
    id: DeploymentId,
) -> Result<Option<DeploymentRecord>> {
    Ok(select(connection, None, Some(id), None, None, 1)
        .await?
        .pop())
}

/// A service's deployments with numbers below `before`, the newest first.
pub async fn list_of_service(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<DeploymentRecord>> {
    select(connection, Some(team), None, Some(service), before, limit).await
}

/// Numbers of the earlier versions that keep their image, of one service or of all: the
/// last ones that were live, whatever failed since, and those that are being gone back to.
pub async fn kept_numbers(
    connection: &mut PgConnection,
    service: Option<ServiceId>,
) -> Result<Vec<(ServiceId, i32)>> {
    let rows = sqlx::query!(
        r#"SELECT s.id AS "service_id!", k.number AS "number!"
           FROM services s CROSS JOIN LATERAL (
               (SELECT d.number FROM deployments d
                WHERE d.service_id = s.id AND d.status = 'retired' AND d.image_digest IS NOT NULL
                ORDER BY d.number DESC
                LIMIT coalesce((s.run ->> 'keep_releases')::bigint, $2))
               UNION
               SELECT (d.cause ->> 'to')::integer FROM deployments d
               WHERE d.service_id = s.id AND d.cause ->> 'to' IS NOT NULL
                 AND d.status IN ('queued', 'fetching', 'building', 'releasing', 'starting',
                                  'verifying', 'switching')) k
           WHERE $1::uuid IS NULL OR s.id = $1"#,
        service.map(|service| service.0),
        i64::from(DEFAULT_KEEP_RELEASES),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.service_id.into(), row.number))
        .collect())
}
