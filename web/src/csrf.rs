//! Protection of forms against being sent from elsewhere.

use longshore_control::ControlError;
use tower_sessions::Session;

/// The key of a session's data with the token.
const CSRF: &str = "csrf";

/// The token that forms of this session send back; made when there is none yet.
///
/// # Errors
/// When the session cannot be read or written.
pub async fn token(session: &Session) -> Result<String, ControlError> {
    if let Some(token) = session.get(CSRF).await.map_err(ControlError::internal)? {
        return Ok(token);
    }
    let token = hex::encode(rand::random::<[u8; 24]>());
    session
        .insert(CSRF, &token)
        .await
        .map_err(ControlError::internal)?;
    Ok(token)
}
