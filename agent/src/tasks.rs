//! The agent's background tasks: one tracked group that ends together.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The group of all background tasks. Clones belong to the same group.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// An empty group.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task that ends by itself, or when [`Tasks::stopping`] is cancelled.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.tracker
            .spawn(work.instrument(tracing::info_span!(parent: None, "task", name)));
    }

    /// Cancelled when the agent shuts down.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stop
    }

    /// Tells every task to end and waits until all have.
    pub async fn shut_down(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
