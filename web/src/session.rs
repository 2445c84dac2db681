//! Sessions of browsers.

use std::net::IpAddr;

use http::{HeaderMap, header};
use longshore_control::ControlError;
use longshore_control::store::sessions::{PEER_ADDRESS, USER_AGENT, USER_ID};
use longshore_domain::UserId;
use tower_sessions::Session;

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
    session.cycle_id().await.map_err(ControlError::internal)?;
    for (key, value) in [
        (USER_ID, user.to_string()),
        (USER_AGENT, user_agent),
        (PEER_ADDRESS, peer.to_string()),
    ] {
        session
            .insert(key, value)
            .await
            .map_err(ControlError::internal)?;
    }
    Ok(())
}

/// Ends a session.
///
/// # Errors
/// When it cannot be removed.
pub async fn sign_out(session: &Session) -> Result<(), ControlError> {
    session.flush().await.map_err(ControlError::internal)
}
