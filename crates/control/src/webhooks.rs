//! Webhooks of Git hosts.

mod answer;
mod changed;
mod hook;
mod payload;
mod receive;
mod sign;

use crate::ControlError;

/// A kind of sender, with its own way to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// GitHub: `X-Hub-Signature-256`, HMAC-SHA256 over the body.
    Github,
    /// GitLab: `X-Gitlab-Token`, the secret itself.
    Gitlab,
    /// Gitea and Forgejo: `X-Gitea-Signature`, HMAC-SHA256 over the body.
    Gitea,
    /// Bitbucket: `X-Hub-Signature`, HMAC-SHA256 over the body.
    Bitbucket,
    /// Anything else: `X-Longshore-Signature-256`, HMAC-SHA256 over the body.
    Generic,
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; 5] = [
        Self::Github,
        Self::Gitlab,
        Self::Gitea,
        Self::Bitbucket,
        Self::Generic,
    ];

    /// The name in the hook's URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
            Self::Bitbucket => "bitbucket",
            Self::Generic => "generic",
        }
    }

    /// Reads the name in the hook's URL.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.as_str() == name)
    }
}

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// There is no such hook.
    #[error("unknown hook")]
    UnknownHook,
    /// The signature is missing or wrong.
    #[error("the signature is missing or wrong")]
    BadSignature,
    /// The body or a header cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// Longshore could not do its part.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl From<longshore_store::StoreError> for HookError {
    fn from(error: longshore_store::StoreError) -> Self {
        Self::Control(error.into())
    }
}
