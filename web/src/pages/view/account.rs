//! The person's own settings.

use askama::Template;
use longshore_control::view::{SessionView, TokenView};
use time::OffsetDateTime;

use super::{FieldErrors, FlashTone, Icon, Page, When};

/// Password, tokens and sessions.
#[derive(Template, Default)]
#[template(path = "settings/account.html")]
pub struct AccountPage {
    /// The frame.
    pub page: Page,
    /// The e-mail address.
    pub email: String,
    /// Whether the server's page is open to them.
    pub is_administrator: bool,
    /// The tokens.
    pub tokens: Vec<TokenRow>,
    /// The token that was just made; empty otherwise.
    pub new_token: String,
    /// The new token's name as typed.
    pub token_name: String,
    /// The sessions.
    pub sessions: Vec<SessionRow>,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// An API token in the list.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub made_at: When,
    /// When it was last used.
    pub used_at: Option<When>,
}

impl TokenRow {
    /// A token as seen from `now`.
    pub fn new(token: &TokenView, now: OffsetDateTime) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.clone(),
            made_at: When::new(token.created_at, now),
            used_at: token.used_at.map(|at| When::new(at, now)),
        }
    }
}

/// A session in the list.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// The browser and the system.
    pub device: String,
    /// Where it signed in from.
    pub address: String,
    /// When it was last used.
    pub seen_at: When,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

impl SessionRow {
    /// A session as seen from `now`.
    pub fn new(session: &SessionView, now: OffsetDateTime) -> Self {
        Self {
            device: device(&session.user_agent),
            address: session.peer_address.clone(),
            seen_at: When::new(session.seen_at, now),
            is_current: session.current,
        }
    }
}

/// A browser's name for itself, in the two words that people know.
fn device(user_agent: &str) -> String {
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(sign, _)| user_agent.contains(sign))
            .map(|(_, name)| *name)
    };
    let browser = find(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn browsers_are_known_by_their_names() {
        for (user_agent, shown) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            ("curl/8.5.0", "curl"),
            ("", "Unknown program"),
        ] {
            assert_eq!(device(user_agent), shown);
        }
    }
}
