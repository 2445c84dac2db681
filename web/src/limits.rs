//! Bounds on what is read of a request.
//!
//! A body that is too large is answered with 413 and never held in memory. What is still
//! on its way is thrown away first, within bounds: a sender that is not listening yet
//! would otherwise see a cut connection instead of the answer.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::{HeaderMap, StatusCode, header};
use tokio::time::timeout;

use crate::api::Problem;
use crate::pages::refuse;

/// The largest body of a call of the API.
pub(crate) const CALL_MAX_BYTES: usize = MIB;
/// The largest form: a thousand variables, twice over.
pub(crate) const FORM_MAX_BYTES: usize = 2 * MIB;
/// The largest delivery of a webhook. Git hosts list at most some thousand commits.
pub(crate) const DELIVERY_MAX_BYTES: usize = 5 * MIB;

/// The largest archive that is uploaded; it is passed on while it comes.
pub(crate) const UPLOAD_MAX_BYTES: usize = 1024 * MIB;

/// The longest that an archive may pause while it comes.
const PAUSE_MAX: Duration = Duration::from_mins(1);

const MIB: usize = 1024 * 1024;

/// The most that is thrown away of a body that is too large.
const DISCARD_MAX_BYTES: usize = 64 * MIB;
/// The longest that this may take.
const DISCARD_MAX: Duration = Duration::from_secs(10);

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is larger than allowed.
    TooLarge,
    /// The connection broke.
    EndedEarly,
}

impl Unread {
    /// The status that says so.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::EndedEarly => StatusCode::BAD_REQUEST,
        }
    }

    /// A sentence about a body of at most so many bytes.
    pub(crate) fn sentence(self, most: usize) -> String {
        match self {
            Self::TooLarge => format!("The body is larger than {} MiB.", most / MIB),
            Self::EndedEarly => "The body ended early.".to_owned(),
        }
    }
}

/// Reads a whole body of at most so many bytes.
pub(crate) async fn read(body: Body, most: usize) -> Result<Bytes, Unread> {
    let mut parts = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| Unread::EndedEarly)?;
        if whole.len() + part.len() > most {
            drop(whole);
            discard(Body::from_stream(parts)).await;
            return Err(Unread::TooLarge);
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole.into())
}

/// A body as it comes, of at most so many bytes. When it breaks off or is too large, the
/// stream ends with an error, and the cell says why.
pub(crate) fn stream(
    body: Body,
    most: usize,
) -> (BoxStream<'static, io::Result<Bytes>>, Arc<OnceLock<Unread>>) {
    let unread = Arc::new(OnceLock::new());
    let noted = Arc::clone(&unread);
    let parts = body.into_data_stream();
    let stream = futures_util::stream::try_unfold((parts, most), move |(mut parts, left)| {
        let noted = Arc::clone(&noted);
        async move {
            let end = |unread| {
                // The first reason is the one that counts.
                let _ = noted.set(unread);
                io::Error::from(io::ErrorKind::BrokenPipe)
            };
            match timeout(PAUSE_MAX, parts.next()).await {
                Ok(None) => Ok(None),
                Ok(Some(Ok(part))) => match left.checked_sub(part.len()) {
                    Some(left) => Ok(Some((part, (parts, left)))),
                    None => Err(end(Unread::TooLarge)),
                },
                Ok(Some(Err(_))) | Err(_) => Err(end(Unread::EndedEarly)),
            }
        }
    });
    (stream.boxed(), unread)
}

/// Refuses calls of the API that announce too large a body.
pub(crate) async fn bound_calls(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let most = if path.starts_with("/api/v1/services/") && path.ends_with("/upload") {
        UPLOAD_MAX_BYTES
    } else {
        CALL_MAX_BYTES
    };
    bounded(request, next, most, problem).await
}

/// Refuses deliveries that announce too large a body.
pub(crate) async fn bound_deliveries(request: Request, next: Next) -> Response {
    bounded(request, next, DELIVERY_MAX_BYTES, problem).await
}

/// Refuses forms that announce too large a body.
pub(crate) async fn bound_forms(request: Request, next: Next) -> Response {
    bounded(request, next, FORM_MAX_BYTES, |status, sentence| {
        refuse(status, &sentence)
    })
    .await
}

fn problem(status: StatusCode, sentence: String) -> Response {
    axum::response::IntoResponse::into_response(Problem::new(status, sentence))
}

async fn bounded(
    request: Request,
    next: Next,
    most: usize,
    answer: fn(StatusCode, String) -> Response,
) -> Response {
    let (parts, body) = request.into_parts();
    if announced(&parts.headers).is_none_or(|length| length <= most as u64) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    // Whoever asks first sends nothing when refused.
    if !parts.headers.contains_key(header::EXPECT) {
        discard(body).await;
    }
    let unread = Unread::TooLarge;
    answer(unread.status(), unread.sentence(most))
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

async fn discard(body: Body) {
    let mut parts = body.into_data_stream();
    let mut left = DISCARD_MAX_BYTES;
    let reading = async {
        while let Some(Ok(part)) = parts.next().await {
            match left.checked_sub(part.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Whether it ended, was enough or took too long, the answer is the same.
    let _ended = timeout(DISCARD_MAX, reading).await;
}
