//! Logs of deployments: lines in zstd-compressed chunks, append-only. Adding a line costs
//! the same however long the log is; the tail is read from the last chunks alone.

mod chunk;

use longshore_domain::DeploymentId;
use sqlx::PgConnection;

use crate::Result;

pub use chunk::StoredLine;

/// Chunks that are read at once.
const BATCH: i64 = 16;
/// Lines of one chunk at most; and bytes of their text.
const CHUNK_LINES: usize = 2_000;
const CHUNK_BYTES: usize = 256 * 1024;

/// Appends lines, in the order of their sequence numbers, behind all that are stored.
pub async fn append(
    connection: &mut PgConnection,
    deployment: DeploymentId,
    lines: &[StoredLine],
) -> Result<()> {
    for lines in split(lines) {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            continue;
        };
        sqlx::query!(
            "INSERT INTO deployment_log_chunks
                 (deployment_id, first_sequence, last_sequence, line_count, data)
             VALUES ($1, $2, $3, $4, $5)",
            deployment.0,
            first.sequence,
            last.sequence,
            i32::try_from(lines.len()).unwrap_or(i32::MAX),
            chunk::pack(lines)?,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn split(lines: &[StoredLine]) -> Vec<&[StoredLine]> {
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut bytes = 0;
    for (index, line) in lines.iter().enumerate() {
        if index > start && (index - start >= CHUNK_LINES || bytes + line.text.len() > CHUNK_BYTES)
        {
            chunks.push(&lines[start..index]);
            start = index;
            bytes = 0;
        }
        bytes += line.text.len();
    }
    chunks.push(&lines[start..]);
    chunks
}

/// The lines behind a sequence number, at most `limit`.
pub async fn list_after(
    connection: &mut PgConnection,
    deployment: DeploymentId,
    after: i64,
    limit: usize,
) -> Result<Vec<StoredLine>> {
    let mut lines: Vec<StoredLine> = Vec::new();
    let mut after = after;
    while lines.len() < limit {
        // The chunk that holds `after` is the last one that starts at or before it.
        let chunks = sqlx::query!(
            "SELECT last_sequence, data FROM deployment_log_chunks
             WHERE deployment_id = $1 AND last_sequence > $2
               AND first_sequence >= coalesce((SELECT max(first_sequence)
                   FROM deployment_log_chunks
                   WHERE deployment_id = $1 AND first_sequence <= $2), 0)
             ORDER BY first_sequence LIMIT $3",
            deployment.0,
            after,
            BATCH,
        )
        .fetch_all(&mut *connection)
        .await?;
        let Some(last) = chunks.last() else {
            break;
        };
        let next = last.last_sequence;
        for row in &chunks {
            let unpacked = chunk::unpack(&row.data)?;
            lines.extend(unpacked.into_iter().filter(|line| line.sequence > after));
            if lines.len() >= limit {
                break;
            }
        }
        after = next;
    }
    lines.truncate(limit);
    Ok(lines)
}

/// The last lines, at most `limit`, in their order.
pub async fn list_tail(
    connection: &mut PgConnection,
    deployment: DeploymentId,
    limit: usize,
) -> Result<Vec<StoredLine>> {
    let mut chunks: Vec<Vec<StoredLine>> = Vec::new();
    let mut count = 0;
    let mut before = i64::MAX;
    while count < limit {
        let rows = sqlx::query!(
            "SELECT first_sequence, data FROM deployment_log_chunks
             WHERE deployment_id = $1 AND first_sequence < $2
             ORDER BY first_sequence DESC LIMIT $3",
            deployment.0,
            before,
            BATCH,
        )
        .fetch_all(&mut *connection)
        .await?;
        let Some(last) = rows.last() else {
            break;
        };
        before = last.first_sequence;
        for row in &rows {
            let lines = chunk::unpack(&row.data)?;
            count += lines.len();
            chunks.push(lines);
            if count >= limit {
                break;
            }
        }
    }
    let lines = chunks.into_iter().rev().flatten();
    Ok(lines.skip(count.saturating_sub(limit)).collect())
}
