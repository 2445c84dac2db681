//! One job that the agent knows.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use longshore_agent_api::{JobState, JobStatus};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::record::{ComponentProgress, JobDirectory, JobRecord};
use crate::clock;
use crate::journal::{Journal, Replay};

/// One job that the agent knows.
pub struct Job {
    /// Which it is.
    pub record: JobRecord,
    /// Its files.
    pub directory: JobDirectory,
    /// Its events.
    pub journal: Arc<Journal>,
    /// Cancelled when its work shall stop: asked for, or because the agent shuts down.
    pub stop: CancellationToken,
    state: Mutex<JobState>,
    /// Of a stack: its components as jobs of their own.
    components: Mutex<Vec<JobRecord>>,
    is_cancelled: AtomicBool,
}

impl Job {
    /// A job in a state. `stopping` is cancelled when the agent shuts down.
    pub fn new(
        record: JobRecord,
        directory: JobDirectory,
        journal: Journal,
        state: JobState,
        stopping: &CancellationToken,
    ) -> Self {
        Self {
            record,
            directory,
            journal: Arc::new(journal),
            stop: stopping.child_token(),
            state: Mutex::new(state),
            components: Mutex::default(),
            is_cancelled: AtomicBool::new(false),
        }
    }

    /// Where it stands.
    pub fn state(&self) -> JobState {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes where it stands.
    pub fn set_state(&self, state: JobState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// What its journal says of earlier attempts.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn replay(&self) -> io::Result<Replay> {
        let journal = Arc::clone(&self.journal);
        super::blocking(move || journal.replay()).await
    }

    /// Whether its deployment was made longer ago.
    pub fn is_older_than(&self, age: Duration) -> bool {
        let made = self.record.deployment.0.get_timestamp().map(|made| {
            let (seconds, nanoseconds) = made.to_unix();
            Duration::new(seconds, nanoseconds)
        });
        let now = clock::now() - OffsetDateTime::UNIX_EPOCH;
        made.is_some_and(|made| now > made + age)
    }

    /// Becomes running when it was suspended; tells whether it was.
    pub fn take_up(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_suspended = *state == JobState::Suspended;
        if was_suspended {
            *state = JobState::Running;
        }
        was_suspended
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        matches!(self.state(), JobState::Finished { .. })
    }

    /// Notes which components a stack has, before anything of them exists.
    pub fn set_components(&self, components: &[ComponentProgress]) {
        let records = components.iter().map(|known| JobRecord {
            // Of one that goes on, what runs is of an earlier number.
            number: known.kept.unwrap_or(known.record.number),
            ..known.record.clone()
        });
        *self
            .components
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = records.collect();
    }

    /// Its own record, and those of its components.
    pub fn records(&self) -> Vec<JobRecord> {
        let components = self
            .components
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::iter::once(self.record.clone())
            .chain(components.iter().cloned())
            .collect()
    }

    /// Whether somebody asked for its end.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Acquire)
    }

    /// Asks for its end.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Release);
        self.stop.cancel();
    }

    /// Where it stands, for the API.
    pub fn status(&self) -> JobStatus {
        JobStatus {
            deployment: self.record.deployment,
            state: self.state(),
            last_sequence: self.journal.last_sequence(),
        }
    }
}
