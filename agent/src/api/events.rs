//! Server-sent events.

use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt, unfold};
use longshore_agent_api::ContainerLine;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::journal::{RawEvent, Reader};

/// A comment is sent after this time of silence, so that a dead peer is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// At most this many lines of a container go out in one piece.
const LINES_AT_ONCE: usize = 256;

/// A job's journal as events; the id of each is its sequence number.
pub(super) fn journal(reader: Reader, stopping: CancellationToken) -> Response {
    let chunks = unfold(reader, |mut reader| async move {
        match timeout(KEEP_ALIVE, reader.next()).await {
            Err(_) => Some((keep_alive(), reader)),
            Ok(Ok(Some(events))) => Some((encode(&events), reader)),
            Ok(Ok(None)) => None,
            Ok(Err(error)) => {
                tracing::error!(%error, "a journal cannot be read");
                None
            }
        }
    });
    respond(chunks, stopping)
}

/// Lines of containers as events.
pub(super) fn lines(
    lines: BoxStream<'static, ContainerLine>,
    stopping: CancellationToken,
) -> Response {
    let batches = lines.ready_chunks(LINES_AT_ONCE);
    let chunks = unfold(batches, |mut batches| async move {
        match timeout(KEEP_ALIVE, batches.next()).await {
            Err(_) => Some((keep_alive(), batches)),
            Ok(None) => None,
            Ok(Some(batch)) => {
                let mut chunk = Vec::new();
                for line in batch {
                    if let Ok(json) = serde_json::to_vec(&line) {
                        chunk.extend_from_slice(b"data: ");
                        chunk.extend_from_slice(&json);
                        chunk.extend_from_slice(b"\n\n");
                    }
                }
                Some((Bytes::from(chunk), batches))
            }
        }
    });
    respond(chunks, stopping)
}

fn encode(events: &[RawEvent]) -> Bytes {
    let length: usize = events.iter().map(|event| event.json.len() + 36).sum();
    let mut chunk = Vec::with_capacity(length);
    for event in events {
        // Writing to a vector does not fail.
        let _ = write!(chunk, "id: {}\ndata: ", event.sequence);
        chunk.extend_from_slice(&event.json);
        chunk.extend_from_slice(b"\n\n");
    }
    Bytes::from(chunk)
}

fn keep_alive() -> Bytes {
    Bytes::from_static(b":\n\n")
}

fn respond(
    chunks: impl Stream<Item = Bytes> + Send + 'static,
    stopping: CancellationToken,
) -> Response {
    let chunks = chunks
        .take_until(stopping.cancelled_owned())
        .map(Ok::<_, Infallible>);
    (
        [
            (CONTENT_TYPE, "text/event-stream"),
            (CACHE_CONTROL, "no-cache"),
        ],
        Body::from_stream(chunks),
    )
        .into_response()
}
