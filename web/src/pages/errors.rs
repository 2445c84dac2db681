//! Prints errors as pages, in the visitor's colours.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use super::answer::{self, ErrorWords};
use super::view::{ErrorPage, Page};
use super::visit::theme;

/// Gives every answer that is an error without a body a page. To be laid around the pages
/// and around what no route answers.
pub async fn print_errors(request: Request, next: Next) -> Response {
    let theme = theme(request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let Some(words) = response.extensions_mut().remove::<ErrorWords>() else {
        return response;
    };
    if !is_error {
        return response;
    }
    let frame = Page {
        theme,
        ..Page::default()
    };
    let template = ErrorPage::new(frame, status.as_u16(), words.sentence, words.incident);
    let mut printed = answer::page(&template);
    *printed.status_mut() = status;
    printed
}
