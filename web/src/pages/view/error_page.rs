//! The page of an error.

use askama::Template;

use super::{FlashTone, Icon, Page};

/// What went wrong, in fixed words.
#[derive(Template, Default)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The frame.
    pub page: Page,
    /// The HTTP status.
    pub code: u16,
    /// What happened.
    pub heading: String,
    /// What to do.
    pub sentence: String,
    /// The incident's id, for the log; empty when there is none.
    pub incident: String,
}

impl ErrorPage {
    /// The page for an HTTP status, in the words that fit it.
    pub fn new(page: Page, code: u16, sentence: Option<String>, incident: Option<String>) -> Self {
        let (heading, usual) = match code {
            401 => ("Please sign in", "This page is for people with an account."),
            403 => (
                "This is not yours to change",
                "Your role in the team may look at this, but not do it.",
            ),
            404 => (
                "Nothing is moored here",
                "The page does not exist, or it belongs to a team that you are not in.",
            ),
            413 => (
                "That is too much",
                "The form is larger than the server takes.",
            ),
            429 => (
                "Slow down a little",
                "Too many attempts. Please wait a moment.",
            ),
            503 => (
                "One moment, please",
                "A part of the server does not answer just now. Your services keep running.",
            ),
            400..500 => (
                "That did not fit",
                "The server could not make sense of the request.",
            ),
            _ => (
                "Something broke on our side",
                "Your services keep running; only this page failed. Please try again.",
            ),
        };
        Self {
            page: page.titled(heading),
            code,
            heading: heading.to_owned(),
            sentence: sentence.unwrap_or_else(|| usual.to_owned()),
            incident: incident.unwrap_or_default(),
        }
    }
}
