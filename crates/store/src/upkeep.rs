//! Deleting what has served its time, in batches so small that nobody waits for them.

use longshore_domain::ServiceId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Result;

/// Deletes chunks of logs of deployments that ended before a moment and are neither live
/// nor among the kept ones, at most `limit`; how many.
pub async fn delete_log_chunks(
    connection: &mut PgConnection,
    before: OffsetDateTime,
    kept: &[(ServiceId, i32)],
    limit: i64,
) -> Result<u64> {
    let (services, numbers) = columns(kept);
    let done = sqlx::query!(
        "DELETE FROM deployment_log_chunks WHERE (deployment_id, first_sequence) IN (
             SELECT c.deployment_id, c.first_sequence
             FROM deployments d
             JOIN deployment_log_chunks c ON c.deployment_id = d.id
             WHERE d.status IN ('failed', 'cancelled', 'superseded', 'retired')
               AND d.ended_at < $1
               AND (d.service_id, d.number) NOT IN (
                   SELECT * FROM unnest($2::uuid[], $3::integer[]))
             LIMIT $4)",
        before,
        &services,
        &numbers,
        limit,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Notes of at most `limit` deployments that nothing is left of their logs; of how many.
pub async fn forget_log_bytes(
    connection: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64> {
    let done = sqlx::query!(
        "UPDATE deployments SET log_bytes = 0 WHERE id IN (
             SELECT d.id FROM deployments d
             WHERE d.status IN ('failed', 'cancelled', 'superseded', 'retired')
               AND d.ended_at < $1 AND d.log_bytes > 0
               AND NOT EXISTS (
                   SELECT FROM deployment_log_chunks c WHERE c.deployment_id = d.id)
             LIMIT $2)",
        before,
        limit,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes webhooks that were received before a moment, at most `limit`; how many.
pub async fn delete_deliveries(
    connection: &mut PgConnection,
    before: OffsetDateTime,
    limit: i64,
) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM deliveries WHERE id IN (
             SELECT id FROM deliveries WHERE received_at < $1 LIMIT $2)",
        before,
        limit,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes sessions that have ended, at most `limit`; how many.
pub async fn delete_ended_sessions(connection: &mut PgConnection, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM sessions WHERE id_hash IN (
             SELECT id_hash FROM sessions WHERE expires_at <= now() LIMIT $1)",
        limit,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

fn columns(kept: &[(ServiceId, i32)]) -> (Vec<Uuid>, Vec<i32>) {
    kept.iter()
        .map(|(service, number)| (service.0, *number))
        .unzip()
}
