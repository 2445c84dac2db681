//! Who visits a page, and what their pages look like.

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, Method, header};
use longshore_control::{Actor, Clock, Control, ControlError};
use time::OffsetDateTime;
use tower_sessions::Session;
use url::form_urlencoded;

use super::answer::{PageError, see_other};
use super::view::{Flash, FlashTone, Page, Person, Theme};

/// The cookie that keeps the chosen colours.
pub const THEME_COOKIE: &str = "longshore_theme";

/// The key of a session's data with the message of the action before.
const FLASH: &str = "flash";

/// A visit by anybody.
pub struct Visit {
    /// The session.
    pub session: Session,
    /// The frame of the page to answer with.
    pub frame: Page,
}

/// A visit by a person that is signed in.
pub struct Signed {
    /// The person.
    pub actor: Actor,
    /// The session.
    pub session: Session,
    /// The frame of the page to answer with.
    pub frame: Page,
    /// The moment from which the page looks at things.
    pub now: OffsetDateTime,
}

impl Signed {
    /// Leaves a message for the next page.
    pub async fn tell(&self, tone: FlashTone, message: impl Into<String>) {
        tell(&self.session, tone, message.into()).await;
    }

    /// Leaves good news for the next page.
    pub async fn done(&self, message: impl Into<String>) {
        self.tell(FlashTone::Good, message).await;
    }
}

/// Leaves a message for the next page. A message that cannot be kept is not worth failing for.
pub async fn tell(session: &Session, tone: FlashTone, message: String) {
    let tone = match tone {
        FlashTone::Good => "good",
        FlashTone::Bad => "bad",
    };
    if let Err(error) = session.insert(FLASH, (tone, message)).await {
        tracing::warn!(%error, "a message for the next page is lost");
    }
}

async fn flash(parts: &Parts, session: &Session) -> Option<Flash> {
    // A live part of a page shows no message, so it must not take it away either.
    if parts.method != Method::GET || parts.headers.contains_key("hx-request") {
        return None;
    }
    if !session
        .get_value(FLASH)
        .await
        .is_ok_and(|kept| kept.is_some())
    {
        return None;
    }
    let (tone, message): (String, String) = session.remove(FLASH).await.ok().flatten()?;
    Some(Flash {
        tone: match tone.as_str() {
            "bad" => FlashTone::Bad,
            _ => FlashTone::Good,
        },
        message,
    })
}

/// The colours that the cookie asks for.
pub fn theme(headers: &HeaderMap) -> Theme {
    let prefix = format!("{THEME_COOKIE}=");
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(&prefix))
        .map(Theme::from_name)
        .unwrap_or_default()
}

fn session(parts: &Parts) -> Result<Session, PageError> {
    parts
        .extensions
        .get::<Session>()
        .cloned()
        .ok_or_else(|| ControlError::internal("there is no session layer").into())
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let session = session(parts)?;
        let frame = Page {
            theme: theme(&parts.headers),
            csrf: crate::csrf::token(&session).await?,
            flash: flash(parts, &session).await,
            ..Page::default()
        };
        Ok(Self { session, frame })
    }
}

impl<S> FromRequestParts<S> for Signed
where
    S: Send + Sync,
    Control: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let control = Control::from_ref(state);
        let session = session(parts).map_err(IntoResponse::into_response)?;
        let user = crate::session::user(&session).await;
        let Some(user) = user.map_err(|error| PageError::from(error).into_response())? else {
            return Err(to_login(parts));
        };
        let actor = match control.actor_for_user(user).await {
            Ok(actor) => actor,
            Err(ControlError::NotFound | ControlError::Unauthenticated) => {
                return Err(to_login(parts));
            }
            Err(error) => return Err(PageError::from(error).into_response()),
        };
        let visit = Visit::from_request_parts(parts, state)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self {
            frame: Page {
                person: Some(person(&actor)),
                ..visit.frame
            },
            session,
            actor,
            now: Clock::system().now(),
        })
    }
}

impl<S> OptionalFromRequestParts<S> for Signed
where
    S: Send + Sync,
    Control: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Response> {
        let session = session(parts).map_err(IntoResponse::into_response)?;
        let user = crate::session::user(&session).await;
        if user
            .map_err(|error| PageError::from(error).into_response())?
            .is_none()
        {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state)
            .await
            .map(Some)
    }
}

fn person(actor: &Actor) -> Person {
    Person {
        name: actor.name.to_string(),
        email: actor.email.to_string(),
        administrator: actor.administrator,
    }
}

/// Sends somebody to sign in, and back to where they wanted to go.
fn to_login(parts: &Parts) -> Response {
    let wanted = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if parts.method != Method::GET || wanted == "/" {
        return see_other("/login");
    }
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", wanted)
        .finish();
    see_other(&format!("/login?{query}"))
}

/// A place of ours to go to after signing in; anything else is the start page.
pub fn safe_place(next: &str) -> &str {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n'])
        && !next.starts_with("/login");
    if is_ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_is_never_sent_away_after_signing_in() {
        for (next, place) in [
            ("/services/1?tab=2", "/services/1?tab=2"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
            ("/login?next=/login", "/"),
        ] {
            assert_eq!(safe_place(next), place);
        }
    }

    #[test]
    fn the_colours_come_from_the_cookie() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=b; longshore_theme=dark"),
        );
        assert_eq!(theme(&headers), Theme::Dark);
        assert_eq!(theme(&HeaderMap::new()), Theme::System);
    }
}
