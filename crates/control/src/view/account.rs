//! Views of sessions, tokens, users and webhooks.

use longshore_domain::{ApiTokenId, DeliveryId, DeploymentId, Secret, UserId};
use serde::Serialize;
use time::OffsetDateTime;

/// A session of a user.
#[derive(Debug, Clone, Serialize)]
pub struct SessionView {
    /// The SHA-256 of the session's id, in hexadecimal; names it in requests.
    pub id_hash: String,
    /// The browser, as it called itself.
    pub user_agent: String,
    /// The address it signed in from.
    pub peer_address: String,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last used, to within some minutes.
    #[serde(with = "time::serde::rfc3339")]
    pub seen_at: OffsetDateTime,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// An API token, without the token.
#[derive(Debug, Clone, Serialize)]
pub struct TokenView {
    /// Its id.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was last used, to within some minutes.
    #[serde(with = "time::serde::rfc3339::option")]
    pub used_at: Option<OffsetDateTime>,
}

/// A token that was just made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// The token without its text.
    pub view: TokenView,
    /// The text, shown this once.
    pub token: Secret,
}

/// A user that was just made.
#[derive(Debug, Clone)]
pub struct CreatedUser {
    /// The user.
    pub user: UserId,
    /// The generated password, shown this once; none when one was given.
    pub password: Option<Secret>,
}

/// The webhook of a service, without its secret.
#[derive(Debug, Clone, Serialize)]
pub struct HookView {
    /// The URL for GitHub; the provider's name in it may be exchanged.
    pub url: String,
    /// When the hook was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Until when the secret before the last rotation is taken too.
    #[serde(with = "time::serde::rfc3339::option")]
    pub old_secret_until: Option<OffsetDateTime>,
}

/// A hook that was just made or whose secret was just changed.
#[derive(Debug, Clone)]
pub struct NewHook {
    /// The hook without its secret.
    pub view: HookView,
    /// The secret, shown this once.
    pub secret: Secret,
}

/// One received webhook.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryView {
    /// Its id.
    pub id: DeliveryId,
    /// The Git host's kind.
    pub provider: String,
    /// The event's name.
    pub event: String,
    /// What was done.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// The reference that was pushed.
    pub reference: Option<String>,
    /// The commit that was pushed.
    pub commit_sha: Option<String>,
    /// The deployment that it caused.
    pub deployment: Option<DeploymentId>,
    /// When it came.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
}

/// What was done about a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It caused a deployment.
    Deployed,
    /// It concerns nothing here.
    Ignored,
    /// It was a test of the connection.
    Pong,
    /// It could not be followed.
    Refused,
    /// It came a second time; the answer is that of the first time.
    Repeated,
}

impl Decision {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Ignored => "ignored",
            Self::Pong => "pong",
            Self::Refused => "refused",
            Self::Repeated => "repeated",
        }
    }

    pub(crate) fn from_name(name: &str) -> Self {
        [Self::Deployed, Self::Ignored, Self::Pong, Self::Repeated]
            .into_iter()
            .find(|decision| decision.as_str() == name)
            .unwrap_or(Self::Refused)
    }
}

/// The answer to a webhook.
#[derive(Debug, Clone, Serialize)]
pub struct HookAnswer {
    /// What was done.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// The deployments that it caused.
    pub deployments: Vec<DeploymentId>,
}
