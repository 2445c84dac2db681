//! Protection of forms against being sent from elsewhere.

use longshore_control::ControlError;
use longshore_control::store::sessions::USER_ID;
use subtle::ConstantTimeEq;
use tower_sessions::Session;
use url::form_urlencoded;

use crate::session;

/// The key of a session's data with the token.
const CSRF: &str = "csrf";

/// The field of a form with the token.
const FIELD: &str = "csrf";

/// The header in which scripts send the token.
pub const HEADER: &str = "x-csrf-token";

/// The token that forms of this session send back; made when there is none yet.
///
/// # Errors
/// When the session cannot be read or written.
pub async fn token(session: &Session) -> Result<String, ControlError> {
    if let Some(token) = session.get(CSRF).await.map_err(session::trouble)? {
        return Ok(token);
    }
    if session
        .get_value(USER_ID)
        .await
        .map_err(session::trouble)?
        .is_none()
    {
        session::end_soon(session);
    }
    let token = hex::encode(rand::random::<[u8; 24]>());
    session
        .insert(CSRF, &token)
        .await
        .map_err(session::trouble)?;
    Ok(token)
}

/// The token in the text of a form.
pub fn of_form(body: &[u8]) -> Option<String> {
    form_urlencoded::parse(body)
        .find(|(name, _)| name == FIELD)
        .map(|(_, value)| value.into_owned())
}

/// Whether a token is that of the session.
///
/// # Errors
/// When the session cannot be read.
pub async fn check(session: &Session, given: Option<&str>) -> Result<bool, ControlError> {
    let kept: Option<String> = session.get(CSRF).await.map_err(session::trouble)?;
    Ok(match (kept, given) {
        (Some(kept), Some(given)) => kept.as_bytes().ct_eq(given.as_bytes()).into(),
        _ => false,
    })
}
