//! Deletes from the database what has served its time: logs of old deployments, old
//! webhooks, ended sessions.

use std::time::Duration;

use longshore_control::Control;
use longshore_control::work::Retention;

use crate::tasks::Tasks;

/// How often.
const EVERY: Duration = Duration::from_hours(1);
/// Between two batches, so that others get their turn.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts the upkeep: at once and from time to time.
pub fn start(control: Control, retention: Retention, tasks: &Tasks) {
    let stopping = tasks.stopping().clone();
    tasks.spawn("upkeep", async move {
        loop {
            let pause = match control.upkeep(retention).await {
                Ok(report) if report.is_full() => PAUSE,
                Ok(_) => EVERY,
                Err(error) => {
                    tracing::warn!(%error, "old rows cannot be deleted");
                    EVERY
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}
