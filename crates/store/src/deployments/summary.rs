//! Deployments in a line, for lists of services and projects.

use longshore_domain::run::Port;
use longshore_domain::{DeploymentId, DeploymentStatus, ServiceId, Specification};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::read::status;
use crate::error::parse_json;
use crate::{Result, StoreError};

/// A deployment in a line.
#[derive(Debug, Clone)]
pub struct SummaryRecord {
    /// Its id.
    pub id: DeploymentId,
    /// Its service.
    pub service: ServiceId,
    /// Its number within the service.
    pub number: i32,
    /// Where it stands.
    pub status: DeploymentStatus,
    /// The commit.
    pub commit_sha: Option<String>,
    /// The first line of the commit's message.
    pub commit_subject: Option<String>,
    /// When it was asked for.
    pub queued_at: OffsetDateTime,
    /// When its work ended.
    pub ended_at: Option<OffsetDateTime>,
}

struct SummaryRow {
    id: Uuid,
    service_id: Uuid,
    number: i32,
    status: String,
    commit_sha: Option<String>,
    commit_subject: Option<String>,
    queued_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
}

impl TryFrom<SummaryRow> for SummaryRecord {
    type Error = StoreError;

    fn try_from(row: SummaryRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            service: row.service_id.into(),
            number: row.number,
            status: status(&row.status)?,
            commit_sha: row.commit_sha,
            commit_subject: row.commit_subject,
            queued_at: row.queued_at,
            ended_at: row.ended_at,
        })
    }
}

fn read(rows: Vec<SummaryRow>) -> Result<Vec<SummaryRecord>> {
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The newest deployment of each of these services.
pub async fn list_latest(
    connection: &mut PgConnection,
    services: &[ServiceId],
) -> Result<Vec<SummaryRecord>> {
    let ids: Vec<Uuid> = services.iter().map(|id| id.0).collect();
    read(
        sqlx::query_as!(
            SummaryRow,
            r#"SELECT d.id AS "id!", d.service_id AS "service_id!", d.number AS "number!",
                      d.status AS "status!", d.commit_sha, d.commit_subject,
                      d.queued_at AS "queued_at!", d.ended_at
               FROM unnest($1::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
                   SELECT * FROM deployments WHERE service_id = wanted.id
                   ORDER BY number DESC LIMIT 1) d"#,
            &ids,
        )
        .fetch_all(connection)
        .await?,
    )
}

/// The live deployment of each of these services.
pub async fn list_live(
    connection: &mut PgConnection,
    services: &[ServiceId],
) -> Result<Vec<SummaryRecord>> {
    let ids: Vec<Uuid> = services.iter().map(|id| id.0).collect();
    read(
        sqlx::query_as!(
            SummaryRow,
            "SELECT id, service_id, number, status, commit_sha, commit_subject, queued_at, ended_at
             FROM deployments WHERE service_id = ANY($1) AND status = 'live'",
            &ids,
        )
        .fetch_all(connection)
        .await?,
    )
}

/// What runs of a service.
#[derive(Debug, Clone)]
pub struct LiveRecord {
    /// The service.
    pub service: ServiceId,
    /// The live deployment's number.
    pub number: i32,
    /// The port of that version.
    pub port: Option<Port>,
    /// Its containers.
    pub replicas: u32,
}

/// The live deployments of all services of all teams: for the system itself.
pub async fn list_live_for_system(connection: &mut PgConnection) -> Result<Vec<LiveRecord>> {
    let rows = sqlx::query!(
        "SELECT service_id, number, specification FROM deployments WHERE status = 'live'"
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let specification: Specification = parse_json("specification", row.specification)?;
            Ok(LiveRecord {
                service: row.service_id.into(),
                number: row.number,
                port: specification.port,
                replicas: specification.run.replicas,
            })
        })
        .collect()
}

/// The deployments with one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusCount {
    /// The status.
    pub status: DeploymentStatus,
    /// How many there are.
    pub deployments: i64,
    /// The text of their logs, in bytes.
    pub log_bytes: i64,
}

/// How many deployments of all teams have each status: for the system itself.
pub async fn count_by_status(connection: &mut PgConnection) -> Result<Vec<StatusCount>> {
    let rows = sqlx::query!(
        r#"SELECT status, count(*) AS "deployments!", sum(log_bytes)::bigint AS "log_bytes!"
           FROM deployments GROUP BY status"#
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StatusCount {
                status: status(&row.status)?,
                deployments: row.deployments,
                log_bytes: row.log_bytes,
            })
        })
        .collect()
}
