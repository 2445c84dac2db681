//! Sessions of browsers.

use std::net::IpAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, header};
use longshore_control::store::sessions::{PEER_ADDRESS, PgSessionStore, USER_AGENT, USER_ID};
use longshore_control::{Clock, ControlError};
use longshore_domain::UserId;
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::Error;
use tower_sessions::session_store::Error as StoreError;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

use crate::state::WebState;

/// The cookie of a browser's session.
pub const COOKIE: &str = "longshore_session";

/// A session that is not used for this long ends.
const IDLE: Duration = Duration::days(7);
/// The same while nobody is signed in.
const IDLE_OF_NOBODY: Duration = Duration::hours(12);
/// A session ends so long after signing in, however much it is used.
const WHOLE: Duration = Duration::days(30);
/// How often the end of a used session is put off: rarely, since it is written each time.
const PUT_OFF: Duration = Duration::hours(1);

/// The key of a session's data with the second of signing in.
const SIGNED_IN_AT: &str = "signed_in_at";
/// The key of a session's data with the second of the last putting off.
const KEPT_AT: &str = "kept_at";

/// Sessions in cookies and in the database.
pub(crate) fn layer(state: &WebState) -> SessionManagerLayer<PgSessionStore> {
    SessionManagerLayer::new(state.control.session_store())
        .with_name(COOKIE)
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        // `layers::around` adds it to what is answered over https.
        .with_secure(false)
        .with_expiry(Expiry::OnInactivity(IDLE))
}

/// Puts off the end of a session that is used, until it has lasted long enough.
pub(crate) async fn keep(session: Session, request: Request, next: Next) -> Response {
    if let Err(error) = put_off(&session, Clock::system().now()).await {
        // The handler meets the same trouble, and answers it.
        tracing::debug!(%error, "a session cannot be read");
    }
    next.run(request).await
}

async fn put_off(session: &Session, now: OffsetDateTime) -> Result<(), Error> {
    if session.get_value(USER_ID).await?.is_none() {
        return Ok(());
    }
    let now = now.unix_timestamp();
    let signed_in_at = session.get::<i64>(SIGNED_IN_AT).await?.unwrap_or(0);
    if now - signed_in_at >= WHOLE.whole_seconds() {
        return session.flush().await;
    }
    let kept_at = session.get::<i64>(KEPT_AT).await?.unwrap_or(0);
    if now - kept_at >= PUT_OFF.whole_seconds() {
        session.insert(KEPT_AT, now).await?;
    }
    Ok(())
}

/// Who is signed in, if anybody.
///
/// # Errors
/// When the session cannot be read.
pub(crate) async fn user(session: &Session) -> Result<Option<UserId>, ControlError> {
    session.get(USER_ID).await.map_err(trouble)
}

/// What a session's error means for people: that the database is away, or a fault of ours.
pub(crate) fn trouble(error: Error) -> ControlError {
    match error {
        Error::Store(StoreError::Backend(cause)) => {
            tracing::warn!(%cause, "sessions cannot be read");
            let words = "the database does not answer; try again in a moment";
            ControlError::Unavailable(words.to_owned())
        }
        Error::Store(StoreError::Encode(_) | StoreError::Decode(_)) | Error::SerdeJson(_) => {
            ControlError::internal(error.to_string())
        }
    }
}

/// Lets the session of somebody who is not signed in end soon.
pub(crate) fn end_soon(session: &Session) {
    session.set_expiry(Some(Expiry::OnInactivity(IDLE_OF_NOBODY)));
}

/// Signs a person in: under a new id, so that one known before is worth nothing.
///
/// # Errors
/// When the session cannot be written.
pub async fn sign_in(
    session: &Session,
    user: UserId,
    peer: IpAddr,
    headers: &HeaderMap,
) -> Result<(), ControlError> {
    let user_agent: String = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect();
    session.clear().await;
    session.cycle_id().await.map_err(trouble)?;
    for (key, value) in [
        (USER_ID, user.to_string()),
        (USER_AGENT, user_agent),
        (PEER_ADDRESS, peer.to_string()),
    ] {
        session.insert(key, value).await.map_err(trouble)?;
    }
    let now = Clock::system().now().unix_timestamp();
    for key in [SIGNED_IN_AT, KEPT_AT] {
        session.insert(key, now).await.map_err(trouble)?;
    }
    session.set_expiry(Some(Expiry::OnInactivity(IDLE)));
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// When it cannot be removed.
pub async fn sign_out(session: &Session) -> Result<(), ControlError> {
    session.flush().await.map_err(trouble)
}
