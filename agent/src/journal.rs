//! The journal of a job: an append-only file of events, one JSON text a line.
//!
//! Sequence numbers start at 1 and have no gaps. Events become visible to readers only
//! once they are in the file, so that a reader never knows more than a restarted agent.
//! Readers read the file by offset; nothing is kept in memory for them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use longshore_agent_api::{JobEvent, JobEventKind};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::clock;

mod reader;
mod replay;
mod sink;

pub use reader::{RawEvent, Reader};
pub use replay::Replay;
pub use sink::JobSink;

/// Lines reach the file at the latest after this time.
const FLUSH_AFTER: Duration = Duration::from_millis(50);
/// How long to wait before writing again after it failed.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Buffered bytes from which on they are written at once.
const FLUSH_SIZE: usize = 64 * 1024;
/// Buffered bytes from which on lines are dropped while the disk takes none.
const BUFFER_LIMIT: usize = 1024 * 1024;
/// One entry of the index for this many events.
const INDEX_STEP: u64 = 256;

/// How much of a journal is in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The last event's number.
    pub sequence: u64,
    /// The file's length.
    pub bytes: u64,
    /// Whether nothing more will come.
    pub closed: bool,
}

/// The journal of one job.
pub struct Journal {
    file: Arc<File>,
    inner: Mutex<Inner>,
    written: watch::Sender<Written>,
    dirty: Notify,
    trouble: CancellationToken,
}

struct Inner {
    last_sequence: u64,
    buffer: Vec<u8>,
    bytes: u64,
    /// Sequence number and offset of every [`INDEX_STEP`]th event.
    index: Vec<(u64, u64)>,
    finished: bool,
}

impl Journal {
    /// Opens a job's journal, or makes an empty one. What a crash left half-written at
    /// its end is cut off. Blocking.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(path: &Path) -> io::Result<(Self, Replay)> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        let replay = Replay::read(&file, INDEX_STEP)?;
        if file.metadata()?.len() > replay.bytes {
            file.set_len(replay.bytes)?;
            file.sync_data()?;
        }
        let finished = replay.outcome.is_some();
        let written = Written {
            sequence: replay.last_sequence,
            bytes: replay.bytes,
            closed: finished,
        };
        let journal = Self {
            file: Arc::new(file),
            inner: Mutex::new(Inner {
                last_sequence: replay.last_sequence,
                buffer: Vec::new(),
                bytes: replay.bytes,
                index: replay.index.clone(),
                finished,
            }),
            written: watch::Sender::new(written),
            dirty: Notify::new(),
            trouble: CancellationToken::new(),
        };
        Ok((journal, replay))
    }

    /// What the file says of the job. Blocking.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn replay(&self) -> io::Result<Replay> {
        Replay::read(&self.file, INDEX_STEP)
    }

    /// Appends an event. Lines are written in batches, everything else at once.
    pub fn append(&self, kind: JobEventKind) {
        let is_line = matches!(kind, JobEventKind::Line { .. });
        let mut inner = self.lock();
        if inner.finished || (is_line && inner.buffer.len() >= BUFFER_LIMIT) {
            return;
        }
        inner.finished = matches!(kind, JobEventKind::Finished { .. });
        let event = JobEvent {
            sequence: inner.last_sequence + 1,
            at: clock::now(),
            kind,
        };
        let start = inner.buffer.len();
        if let Err(error) = serde_json::to_writer(&mut inner.buffer, &event) {
            tracing::error!(%error, "an event cannot be written as JSON");
            inner.buffer.truncate(start);
            return;
        }
        inner.buffer.push(b'\n');
        inner.last_sequence = event.sequence;
        if (event.sequence - 1).is_multiple_of(INDEX_STEP) {
            let offset = inner.bytes + start as u64;
            inner.index.push((event.sequence, offset));
        }
        if !is_line || inner.buffer.len() >= FLUSH_SIZE {
            self.write_out(&mut inner);
        }
        if !inner.buffer.is_empty() {
            self.dirty.notify_one();
        }
    }

    /// Writes what is buffered to the file.
    pub fn flush(&self) {
        let mut inner = self.lock();
        self.write_out(&mut inner);
    }

    /// Waits until all that was written is safe from a power failure.
    pub async fn sync(&self) {
        self.flush();
        let file = Arc::clone(&self.file);
        let result = tokio::task::spawn_blocking(move || file.sync_data()).await;
        if let Ok(Err(error)) = result {
            tracing::error!(%error, "a journal cannot be synced");
            self.trouble.cancel();
        }
    }

    /// Writes buffered lines in time, until the journal's end is in its file.
    pub async fn keep_flushed(&self) {
        let mut written = self.written.subscribe();
        loop {
            tokio::select! {
                closed = written.wait_for(|written| written.closed) => {
                    drop(closed);
                    return;
                }
                () = self.dirty.notified() => {}
            }
            tokio::time::sleep(FLUSH_AFTER).await;
            self.flush();
            while !self.lock().buffer.is_empty() && self.trouble.is_cancelled() {
                tokio::time::sleep(RETRY_AFTER).await;
                self.flush();
            }
        }
    }

    /// Cancelled when the disk did not take an event: the job must not go on.
    pub fn trouble(&self) -> &CancellationToken {
        &self.trouble
    }

    /// The number of the last event that readers can see.
    pub fn last_sequence(&self) -> u64 {
        self.written.borrow().sequence
    }

    /// Ends all readers once they have read what there is.
    pub fn close(&self) {
        self.flush();
        self.written.send_modify(|written| written.closed = true);
    }

    /// A reader of the events behind a sequence number.
    pub fn read_after(&self, after: u64) -> Reader {
        let (first, offset) = {
            let inner = self.lock();
            let entries = inner
                .index
                .partition_point(|(first, _)| *first <= after + 1);
            entries
                .checked_sub(1)
                .map_or((1, 0), |last| inner.index[last])
        };
        Reader::new(
            Arc::clone(&self.file),
            self.written.subscribe(),
            first,
            offset,
            after,
        )
    }

    fn write_out(&self, inner: &mut Inner) {
        if inner.buffer.is_empty() {
            return;
        }
        match self.file.write_all_at(&inner.buffer, inner.bytes) {
            Ok(()) => {
                inner.bytes += inner.buffer.len() as u64;
                inner.buffer.clear();
                self.written.send_modify(|written| {
                    written.sequence = inner.last_sequence;
                    written.bytes = inner.bytes;
                    written.closed |= inner.finished;
                });
            }
            Err(error) => {
                if !self.trouble.is_cancelled() {
                    tracing::error!(%error, "a journal cannot be written");
                }
                self.trouble.cancel();
                // Nothing half-written stays; the next attempt starts at the same place.
                if let Err(error) = self.file.set_len(inner.bytes) {
                    tracing::error!(%error, "a journal cannot be cut");
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
