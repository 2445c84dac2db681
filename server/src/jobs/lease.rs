//! A lease that is kept while its deployment is worked on.

use longshore_control::work::{ClaimedDeployment, WorkError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{LEASE, Workers};

/// Keeps a lease until dropped, and listens for a person's wish to cancel.
pub(super) struct Lease {
    cancel_requested: watch::Receiver<bool>,
    lost: CancellationToken,
    done: CancellationToken,
}

impl Lease {
    /// Starts keeping the lease of a deployment that was just claimed.
    pub(super) fn keep(workers: &Workers, claimed: &ClaimedDeployment) -> Self {
        let (requested, cancel_requested) = watch::channel(claimed.cancel_requested);
        let lost = CancellationToken::new();
        let done = CancellationToken::new();
        let keeper = Keeper {
            workers: workers.clone(),
            deployment: claimed.id,
            requested,
            lost: lost.clone(),
            done: done.clone(),
        };
        workers.tasks.spawn("lease", keeper.run());
        Self {
            cancel_requested,
            lost,
            done,
        }
    }

    /// Stops keeping the lease, because the end is about to be written: from then on the
    /// deployment no longer belongs to anybody.
    pub(super) fn close(&self) {
        self.done.cancel();
    }

    /// Becomes true when a person asks for the deployment's end.
    pub(super) fn cancel_requested(&self) -> watch::Receiver<bool> {
        self.cancel_requested.clone()
    }

    /// Returns when the deployment belongs to somebody else.
    pub(super) async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.done.cancel();
    }
}

struct Keeper {
    workers: Workers,
    deployment: longshore_domain::DeploymentId,
    requested: watch::Sender<bool>,
    lost: CancellationToken,
    done: CancellationToken,
}

impl Keeper {
    async fn run(self) {
        let control = &self.workers.control;
        let mut news = control.follow(self.deployment);
        loop {
            // News of this deployment come with every chunk of its log: a beat is one
            // small statement, and a wish to cancel is heard at once.
            tokio::select! {
                () = self.done.cancelled() => return,
                () = tokio::time::sleep(LEASE / 4) => {}
                () = news.changed() => {}
            }
            match control
                .heartbeat(self.deployment, self.workers.worker, LEASE)
                .await
            {
                Ok(heartbeat) => {
                    self.requested.send_if_modified(|requested| {
                        let changed = heartbeat.cancel_requested && !*requested;
                        *requested |= heartbeat.cancel_requested;
                        changed
                    });
                }
                Err(WorkError::LostLease | WorkError::InvalidTransition(_)) => {
                    // The deployment has ended, perhaps by this worker's own hand.
                    if !self.done.is_cancelled() {
                        self.lost.cancel();
                    }
                    return;
                }
                // Without the database nobody else can take it either.
                Err(WorkError::Control(error)) => {
                    tracing::warn!(deployment = %self.deployment, %error, "heartbeat failed");
                }
            }
        }
    }
}
