//! API tokens.

use longshore_control::TokenView;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// An API token.
#[expect(
    clippy::struct_field_names,
    reason = "the API's word for the text is `token`"
)]
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Token {
    id: Uuid,
    name: String,
    /// Shown only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    used_at: Option<OffsetDateTime>,
}

impl Token {
    /// A token, with its text when it was just made.
    pub(crate) fn new(view: TokenView, token: Option<String>) -> Self {
        Self {
            id: view.id.0,
            name: view.name,
            token,
            created_at: view.created_at,
            used_at: view.used_at,
        }
    }
}

impl From<TokenView> for Token {
    fn from(view: TokenView) -> Self {
        Self::new(view, None)
    }
}
