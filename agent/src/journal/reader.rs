//! Reads a journal from its file while it grows.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;

use super::Written;

/// Bytes read at a time; more only for an event that is longer.
const CHUNK: usize = 64 * 1024;

/// One event as it is in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// Its number.
    pub sequence: u64,
    /// The JSON text of a [`longshore_agent_api::JobEvent`].
    pub json: Bytes,
}

/// Reads the events of a journal in order, each once, waiting for those to come.
pub struct Reader {
    file: Arc<File>,
    written: watch::Receiver<Written>,
    /// The event at `offset`.
    next: u64,
    offset: u64,
    after: u64,
}

impl Reader {
    pub(super) fn new(
        file: Arc<File>,
        written: watch::Receiver<Written>,
        next: u64,
        offset: u64,
        after: u64,
    ) -> Self {
        Self {
            file,
            written,
            next,
            offset,
            after,
        }
    }

    /// The next events, at least one; none after the last event of a job that has ended.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn next(&mut self) -> io::Result<Option<Vec<RawEvent>>> {
        loop {
            let offset = self.offset;
            // An error says that the journal is gone; its file is still open here.
            let _ = self
                .written
                .wait_for(|written| written.bytes > offset || written.closed)
                .await;
            let end = self.written.borrow().bytes;
            if end <= offset {
                return Ok(None);
            }
            let events = self.read_chunk(end).await?;
            if !events.is_empty() {
                return Ok(Some(events));
            }
        }
    }

    async fn read_chunk(&mut self, end: u64) -> io::Result<Vec<RawEvent>> {
        let chunk = read_whole_lines(Arc::clone(&self.file), self.offset, end).await?;
        self.offset += chunk.len() as u64;
        let mut events = Vec::new();
        let mut rest = chunk;
        while let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
            let line = rest.split_to(length + 1);
            let sequence = self.next;
            self.next += 1;
            if sequence > self.after {
                events.push(RawEvent {
                    sequence,
                    json: line.slice(..length),
                });
            }
        }
        Ok(events)
    }
}

async fn read_whole_lines(file: Arc<File>, offset: u64, end: u64) -> io::Result<Bytes> {
    let available = usize::try_from(end - offset).unwrap_or(usize::MAX);
    let read = move || {
        let mut size = CHUNK.min(available);
        loop {
            let mut chunk = vec![0; size];
            file.read_exact_at(&mut chunk, offset)?;
            if let Some(last) = chunk.iter().rposition(|byte| *byte == b'\n') {
                chunk.truncate(last + 1);
                return Ok(Bytes::from(chunk));
            }
            if size == available {
                return Err(io::Error::other("the journal has no end of line"));
            }
            size = size.saturating_mul(2).min(available);
        }
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(io::Error::other)?
}
