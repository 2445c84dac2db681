//! Received webhooks.

use longshore_domain::{DeliveryId, DeploymentId, HookId, ServiceId, TeamId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Result;

/// A webhook to be recorded.
#[derive(Debug, Clone)]
pub struct NewDelivery<'a> {
    /// Its id.
    pub id: DeliveryId,
    /// The team that owns it.
    pub team: TeamId,
    /// The hook on which it came.
    pub hook: HookId,
    /// The hook's service.
    pub service: ServiceId,
    /// The Git host's kind.
    pub provider: &'a str,
    /// The sender's own id of it.
    pub key: &'a str,
    /// The event's name.
    pub event: &'a str,
    /// What was done.
    pub decision: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The reference that was pushed.
    pub reference: Option<&'a str>,
    /// The commit that was pushed.
    pub commit_sha: Option<&'a str>,
    /// The deployment that it caused.
    pub deployment: Option<DeploymentId>,
}

/// A received webhook.
#[derive(Debug, Clone)]
pub struct DeliveryRecord {
    /// Its id.
    pub id: DeliveryId,
    /// The Git host's kind.
    pub provider: String,
    /// The event's name.
    pub event: String,
    /// What was done.
    pub decision: String,
    /// Why.
    pub reason: String,
    /// The reference that was pushed.
    pub reference: Option<String>,
    /// The commit that was pushed.
    pub commit_sha: Option<String>,
    /// The deployment that it caused.
    pub deployment: Option<DeploymentId>,
    /// When it came.
    pub received_at: OffsetDateTime,
}

struct DeliveryRow {
    id: Uuid,
    provider: String,
    event: String,
    decision: String,
    reason: String,
    reference: Option<String>,
    commit_sha: Option<String>,
    deployment_id: Option<Uuid>,
    received_at: OffsetDateTime,
}

impl From<DeliveryRow> for DeliveryRecord {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id.into(),
            provider: row.provider,
            event: row.event,
            decision: row.decision,
            reason: row.reason,
            reference: row.reference,
            commit_sha: row.commit_sha,
            deployment: row.deployment_id.map(DeploymentId::from),
            received_at: row.received_at,
        }
    }
}

/// Records a webhook.
///
/// # Errors
/// [`crate::Conflict::DeliveryRepeated`].
pub async fn insert_delivery(
    connection: &mut PgConnection,
    delivery: &NewDelivery<'_>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO deliveries (id, team_id, hook_id, service_id, provider, delivery_key, event,
                                 decision, reason, reference, commit_sha, deployment_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        delivery.id.0,
        delivery.team.0,
        delivery.hook.0,
        delivery.service.0,
        delivery.provider,
        delivery.key,
        delivery.event,
        delivery.decision,
        delivery.reason,
        delivery.reference,
        delivery.commit_sha,
        delivery.deployment.map(|deployment| deployment.0),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The webhook with the sender's id.
pub async fn find_by_key(
    connection: &mut PgConnection,
    hook: HookId,
    key: &str,
) -> Result<Option<DeliveryRecord>> {
    let row = sqlx::query_as!(
        DeliveryRow,
        "SELECT id, provider, event, decision, reason, reference, commit_sha, deployment_id,
                received_at
         FROM deliveries WHERE hook_id = $1 AND delivery_key = $2",
        hook.0,
        key,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(DeliveryRecord::from))
}

/// What was received for a service, the newest first.
pub async fn list_deliveries(
    connection: &mut PgConnection,
    team: TeamId,
    service: ServiceId,
    limit: i64,
) -> Result<Vec<DeliveryRecord>> {
    let rows = sqlx::query_as!(
        DeliveryRow,
        "SELECT id, provider, event, decision, reason, reference, commit_sha, deployment_id,
                received_at
         FROM deliveries WHERE team_id = $1 AND service_id = $2
         ORDER BY received_at DESC, id DESC LIMIT $3",
        team.0,
        service.0,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(DeliveryRecord::from).collect())
}

/// Forgets all but the newest refused webhooks of a hook: anybody can send those.
pub async fn prune_refused(connection: &mut PgConnection, hook: HookId, keep: i64) -> Result<()> {
    sqlx::query!(
        "DELETE FROM deliveries WHERE id IN (
             SELECT id FROM deliveries WHERE hook_id = $1 AND decision = 'refused'
             ORDER BY received_at DESC, id DESC OFFSET $2)",
        hook.0,
        keep,
    )
    .execute(connection)
    .await?;
    Ok(())
}
