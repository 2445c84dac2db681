//! A thread for libgit2's blocking work, which can be told to stop and be left behind.
//!
//! libgit2 looks at the stop flag whenever data arrives. A connection on which nothing
//! arrives cannot be interrupted from safe code: then the thread is left behind, its
//! locks are taken from it, and it ends at its first look at the flag. It is a plain
//! thread, so that a hanging one does not hold up the end of the process.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use longshore_domain::FailureKind;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::stage::StageError;

/// How long a cancelled thread has to end by itself.
const GRACE: Duration = Duration::from_millis(1000);

/// Says whether the work shall stop.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether it shall.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The locked files that a thread holds; the waiting side can release them.
#[derive(Debug, Clone, Default)]
pub(super) struct Locks(Arc<Mutex<Vec<File>>>);

impl Locks {
    /// Keeps a locked file locked.
    pub(super) fn keep(&self, file: File) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(file);
    }

    /// Releases all.
    pub(super) fn release(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// The thread to be. Dropping it tells the thread to stop and releases its locks.
#[derive(Debug, Default)]
pub(super) struct Worker {
    stop: Stop,
    locks: Locks,
}

impl Worker {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    pub(super) fn locks(&self) -> Locks {
        self.locks.clone()
    }

    /// Runs blocking work until it ends or is cancelled.
    pub(super) async fn run<T: Send + 'static>(
        self,
        cancel: &CancellationToken,
        work: impl FnOnce() -> Result<T, StageError> + Send + 'static,
    ) -> Result<T, StageError> {
        let (done, mut result) = oneshot::channel();
        let spawned = std::thread::Builder::new()
            .name("git".to_owned())
            .spawn(move || {
                // The receiver may have gone: nobody waits for a cancelled thread.
                let _ = done.send(work());
            });
        if spawned.is_err() {
            return Err(StageError::failed(
                FailureKind::Internal,
                "The agent could not start a thread for Git.",
            ));
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => {
                self.stop.0.store(true, Ordering::Relaxed);
                let _ = tokio::time::timeout(GRACE, &mut result).await;
                Err(StageError::Cancelled)
            }
            outcome = &mut result => outcome.unwrap_or_else(|_| {
                Err(StageError::failed(
                    FailureKind::Internal,
                    "The agent's work with Git ended unexpectedly.",
                ))
            }),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Relaxed);
        self.locks.release();
    }
}
