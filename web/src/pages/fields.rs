//! A form as sent: names and texts, in order.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use url::form_urlencoded;

/// The fields of a form.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The text of a field; empty when it was not sent.
    pub fn text(&self, name: &str) -> String {
        self.first(name).unwrap_or_default().to_owned()
    }

    /// The text of a field without spaces around it.
    pub fn trimmed(&self, name: &str) -> String {
        self.first(name).unwrap_or_default().trim().to_owned()
    }

    /// The trimmed text of a field, unless it is empty.
    pub fn optional(&self, name: &str) -> Option<String> {
        Some(self.trimmed(name)).filter(|text| !text.is_empty())
    }

    /// Whether a box was ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.first(name) == Some("true")
    }

    /// A whole number: none when the field is empty, an impossible one when it is not a
    /// number, so that the use case says what is allowed.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.optional(name).map(|text| text.parse().unwrap_or(-1))
    }

    /// How many rows a repeated field has: the highest index and one.
    pub fn rows(&self, name: &str) -> usize {
        let prefix = format!("{name}[");
        self.0
            .iter()
            .filter_map(|(key, _)| key.strip_prefix(&prefix)?.strip_suffix(']')?.parse().ok())
            .max()
            .map_or(0, |last: usize| last.min(MOST_ROWS) + 1)
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The most rows that a form may repeat.
const MOST_ROWS: usize = 2_000;

impl FromIterator<(String, String)> for Fields {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(fields: T) -> Self {
        // Browsers send the line ends of a text area as CRLF.
        Self(
            fields
                .into_iter()
                .map(|(name, value)| (name, value.replace("\r\n", "\n")))
                .collect(),
        )
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
        Ok(form_urlencoded::parse(&body).into_owned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect()
    }

    #[test]
    fn texts_boxes_and_numbers_are_read() {
        let fields = fields("name=+web+&wrap=true&port=80x&empty=&lines=a%0D%0Ab");
        assert_eq!(fields.trimmed("name"), "web");
        assert!(fields.is_ticked("wrap"));
        assert!(!fields.is_ticked("other"));
        assert_eq!(fields.number("port"), Some(-1));
        assert_eq!(fields.number("empty"), None);
        assert_eq!(fields.text("lines"), "a\nb");
    }

    #[test]
    fn repeated_rows_are_counted_and_bounded() {
        assert_eq!(fields("key[0]=a&key[3]=b&other[9]=c").rows("key"), 4);
        assert_eq!(
            fields("key[18446744073709551614]=a").rows("key"),
            MOST_ROWS + 1
        );
        assert_eq!(fields("name=a").rows("key"), 0);
    }
}
