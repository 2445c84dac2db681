//! The agent's events as the database records them.

use std::time::Duration;

use longshore_agent_api::{JobEvent, JobEventKind, LogStream};
use longshore_control::work::{LogStream as RecordedStream, RecordedEvent, RecordedKind};

/// The form in which an event is stored.
pub(super) fn recorded(event: JobEvent) -> RecordedEvent {
    RecordedEvent {
        sequence: i64::try_from(event.sequence).unwrap_or(i64::MAX),
        at: event.at,
        kind: kind(event.kind),
    }
}

fn kind(kind: JobEventKind) -> RecordedKind {
    match kind {
        JobEventKind::StageStarted { stage } => RecordedKind::StageStarted { stage },
        JobEventKind::StageFinished {
            stage,
            took_ms,
            reused,
        } => RecordedKind::StageFinished {
            stage,
            took: Duration::from_millis(took_ms),
            reused,
        },
        JobEventKind::Line { stream, text } => RecordedKind::Line {
            stream: match stream {
                LogStream::Stdout => RecordedStream::Stdout,
                LogStream::Stderr => RecordedStream::Stderr,
                LogStream::System => RecordedStream::System,
            },
            text,
        },
        JobEventKind::Commit {
            sha,
            subject,
            author,
        } => RecordedKind::Commit {
            sha,
            subject,
            author,
        },
        JobEventKind::Image {
            image,
            digest,
            size_bytes,
            pinned,
        } => RecordedKind::Image {
            image,
            digest,
            pinned,
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
        },
        JobEventKind::Components { components } => RecordedKind::Components { components },
        JobEventKind::HostKey { fingerprint } => RecordedKind::HostKey { fingerprint },
        JobEventKind::Finished { .. } => RecordedKind::Finished,
    }
}
