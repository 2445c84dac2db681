//! What pages answer with: a page, a way to go on, or an error in fixed words.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use longshore_control::ControlError;

use super::problems::in_words;

/// The result of a page's handler.
pub type Answer = Result<Response, PageError>;

/// An error of a page. The layer around the pages prints it in the visitor's colours.
#[derive(Debug)]
pub struct PageError(ControlError);

impl From<ControlError> for PageError {
    fn from(error: ControlError) -> Self {
        Self(error)
    }
}

/// What the error page is to say; travels with the answer to the layer that prints it.
#[derive(Debug, Clone, Default)]
pub struct ErrorWords {
    /// What to do, where the usual words are too general.
    pub sentence: Option<String>,
    /// The incident's id in the log.
    pub incident: Option<String>,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = crate::error::status(&self.0);
        let mut words = ErrorWords::default();
        match &self.0 {
            ControlError::Unauthenticated => return see_other("/login"),
            ControlError::Internal(_) => words.incident = Some(crate::error::report(&self.0)),
            ControlError::NotFound | ControlError::Forbidden { .. } => {}
            other @ (ControlError::Invalid(_)
            | ControlError::Conflict(_)
            | ControlError::Refused { .. }
            | ControlError::TooManyAttempts { .. }
            | ControlError::Unavailable(_)) => {
                words.sentence = Some(in_words(other));
            }
        }
        let mut response = status.into_response();
        response.extensions_mut().insert(words);
        response
    }
}

/// Refuses a request in a sentence, on the error page.
pub fn refuse(status: StatusCode, sentence: &str) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(ErrorWords {
        sentence: Some(sentence.to_owned()),
        incident: None,
    });
    response
}

/// A page.
pub fn page(template: &impl Template) -> Response {
    page_with(StatusCode::OK, template)
}

/// A page that shows something this once: no copy of it may be kept.
pub fn page_once(template: &impl Template) -> Response {
    let mut response = page(template);
    let nowhere = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, nowhere);
    response
}

/// A form that was not accepted, with what was typed and what is wrong.
pub fn refused(template: &impl Template) -> Response {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, template)
}

fn page_with(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let asked_anew = (
                header::CACHE_CONTROL,
                HeaderValue::from_static("private, no-cache"),
            );
            (status, [asked_anew], Html(html)).into_response()
        }
        Err(error) => PageError(ControlError::internal(error)).into_response(),
    }
}

/// Goes on elsewhere with a GET, so that reloading does not send the form again.
pub fn see_other(place: &str) -> Response {
    match HeaderValue::from_str(place) {
        Ok(place) => (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response(),
        Err(error) => PageError(ControlError::internal(error)).into_response(),
    }
}
