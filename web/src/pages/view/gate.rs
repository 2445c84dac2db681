//! The pages for people who are not signed in.

use askama::Template;

use super::{FieldErrors, FlashTone, Icon, Page};

/// The first administrator of a fresh server.
#[derive(Template, Default)]
#[template(path = "gate/setup.html")]
pub struct SetupPage {
    /// The frame.
    pub page: Page,
    /// The set-up token as typed.
    pub token: String,
    /// The name as typed.
    pub name: String,
    /// The e-mail address as typed.
    pub email: String,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// The sign-in page.
#[derive(Template, Default)]
#[template(path = "gate/login.html")]
pub struct LoginPage {
    /// The frame.
    pub page: Page,
    /// The e-mail address as typed.
    pub email: String,
    /// Where to go afterwards.
    pub next: String,
    /// Where signing in is encrypted; empty when it is so here, or nowhere.
    pub safe_place: String,
    /// What is wrong.
    pub errors: FieldErrors,
}
