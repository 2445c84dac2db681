//! Deleting what has served its time.

use longshore_store::{deployments, upkeep};
use time::Duration;

use crate::{Control, Result};

/// Rows that one statement deletes at most, so that no lock lasts.
const BATCH: i64 = 500;

/// For how many days is kept what grows with every push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Logs of deployments that are neither live nor kept for going back.
    pub log_days: u32,
    /// Received webhooks.
    pub delivery_days: u32,
}

/// What an upkeep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpkeepReport {
    /// Chunks of logs.
    pub log_chunks: u64,
    /// Received webhooks.
    pub deliveries: u64,
    /// Sessions.
    pub sessions: u64,
}

impl UpkeepReport {
    /// Whether there may be more to remove.
    pub fn is_full(&self) -> bool {
        let batch = BATCH.unsigned_abs();
        self.log_chunks >= batch || self.deliveries >= batch || self.sessions >= batch
    }
}

impl Control {
    /// Removes one batch of each kind of what has served its time. To be repeated while
    /// [`UpkeepReport::is_full`]; each statement is a transaction of its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn upkeep(&self, retention: Retention) -> Result<UpkeepReport> {
        let now = self.clock.now();
        let logs_before = now - Duration::days(retention.log_days.into());
        let deliveries_before = now - Duration::days(retention.delivery_days.into());
        let mut connection = self.connection().await?;
        let kept = deployments::kept_numbers(&mut connection, None).await?;
        let log_chunks =
            upkeep::delete_log_chunks(&mut connection, logs_before, &kept, BATCH).await?;
        upkeep::forget_log_bytes(&mut connection, logs_before, BATCH).await?;
        Ok(UpkeepReport {
            log_chunks,
            deliveries: upkeep::delete_deliveries(&mut connection, deliveries_before, BATCH)
                .await?,
            sessions: upkeep::delete_ended_sessions(&mut connection, BATCH).await?,
        })
    }
}
