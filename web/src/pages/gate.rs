//! Setting up, signing in and out, and the colours.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use longshore_control::{Control, ControlError, SetupDraft, SignInDraft};

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::problems::explain;
use super::view::{FieldErrors, LoginPage, SetupPage, Theme};
use super::visit::{Signed, THEME_COOKIE, Visit, safe_place};
use crate::peer::{ByHttps, Peer};

/// Where to go after signing in.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Wanted {
    next: String,
    token: String,
}

/// The set-up page, while nobody has an account.
pub async fn show_setup(
    State(control): State<Control>,
    Query(wanted): Query<Wanted>,
    visit: Visit,
) -> Answer {
    if !control.needs_setup().await? {
        return Ok(see_other("/login"));
    }
    Ok(page(&SetupPage {
        page: visit.frame.titled("Set up"),
        token: wanted.token,
        ..SetupPage::default()
    }))
}

/// Makes the first administrator and signs them in.
pub async fn set_up(
    State(control): State<Control>,
    Peer(peer): Peer,
    headers: HeaderMap,
    visit: Visit,
    fields: Fields,
) -> Answer {
    if !control.needs_setup().await? {
        return Ok(see_other("/login"));
    }
    let draft = SetupDraft {
        token: fields.trimmed("token"),
        email: fields.trimmed("email"),
        name: fields.trimmed("name"),
        password: fields.text("password"),
    };
    match control.set_up(draft).await {
        Ok(user) => {
            crate::session::sign_in(&visit.session, user, peer, &headers).await?;
            Ok(see_other("/"))
        }
        Err(error) => Ok(refused(&SetupPage {
            page: visit.frame.titled("Set up"),
            token: fields.trimmed("token"),
            name: fields.trimmed("name"),
            email: fields.trimmed("email"),
            errors: explain(error)?,
        })),
    }
}

/// The sign-in page.
pub async fn show_login(
    State(control): State<Control>,
    Query(wanted): Query<Wanted>,
    signed: Option<Signed>,
    by_https: ByHttps,
    visit: Visit,
) -> Answer {
    if signed.is_some() {
        return Ok(see_other(safe_place(&wanted.next)));
    }
    if control.needs_setup().await? {
        return Ok(see_other("/setup"));
    }
    Ok(page(&LoginPage {
        page: visit.frame.titled("Sign in"),
        next: wanted.next,
        safe_place: encrypted_place(&control, by_https).await,
        ..LoginPage::default()
    }))
}

/// Signs in.
pub async fn log_in(
    State(control): State<Control>,
    Peer(peer): Peer,
    headers: HeaderMap,
    by_https: ByHttps,
    visit: Visit,
    fields: Fields,
) -> Answer {
    let draft = SignInDraft {
        email: fields.trimmed("email"),
        password: fields.text("password"),
    };
    let errors = match control.sign_in(draft, peer).await {
        Ok(user) => {
            crate::session::sign_in(&visit.session, user, peer, &headers).await?;
            return Ok(see_other(safe_place(&fields.text("next"))));
        }
        Err(ControlError::Unauthenticated | ControlError::NotFound) => {
            FieldErrors::none().with("", "The e-mail address or the password is not right.")
        }
        Err(ControlError::TooManyAttempts { retry_after }) => {
            let minutes = retry_after.as_secs().div_ceil(60);
            let plural = if minutes == 1 { "" } else { "s" };
            FieldErrors::none().with(
                "",
                format!("Too many attempts. Please try again in {minutes} minute{plural}."),
            )
        }
        Err(error) => explain(error)?,
    };
    Ok(refused(&LoginPage {
        page: visit.frame.titled("Sign in"),
        email: fields.trimmed("email"),
        next: fields.text("next"),
        safe_place: encrypted_place(&control, by_https).await,
        errors,
    }))
}

/// Where signing in is encrypted, for those who came another way; else empty.
async fn encrypted_place(control: &Control, ByHttps(by_https): ByHttps) -> String {
    if by_https {
        return String::new();
    }
    // The page is worth showing without it.
    let known = control.public_url().await.unwrap_or_default();
    known
        .filter(|url| url.scheme() == "https")
        .map(|url| url.to_string())
        .unwrap_or_default()
}

/// Signs out.
pub async fn log_out(visit: Visit) -> Answer {
    crate::session::sign_out(&visit.session).await?;
    Ok(see_other("/login"))
}

/// Keeps the chosen colours in a cookie.
pub async fn choose_theme(headers: HeaderMap, fields: Fields) -> Response {
    let theme = Theme::from_name(&fields.text("theme"));
    let cookie = format!(
        "{THEME_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly",
        theme.as_str()
    );
    let Ok(cookie) = HeaderValue::from_str(&cookie) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let back = headers
        .get(header::REFERER)
        .and_then(|referer| referer.to_str().ok()?.parse::<url::Url>().ok())
        .map_or_else(|| "/".to_owned(), |url| url.path().to_owned());
    let mut response = see_other(safe_place(&back));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
