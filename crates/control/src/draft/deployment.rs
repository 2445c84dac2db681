//! Drafts of deployments, pages of lists and headers of webhooks.

/// A request for a deployment.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct DeploymentDraft {
    /// The exact commit; the branch's head when absent.
    #[serde(default)]
    pub commit: Option<String>,
    /// The image, for an app that comes from an image; the configured one when absent.
    #[serde(default)]
    pub image: Option<String>,
    /// Whether everything is built anew.
    #[serde(default)]
    pub clear_cache: bool,
}

/// Whose variables a rollback takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariablesOf {
    /// Those of the earlier deployment.
    #[default]
    Then,
    /// Those that are set now.
    Now,
}

/// Where a list goes on, and how long a page is.
#[derive(Debug, Clone, Default)]
pub struct Cursor {
    /// [`Page::next`] of the page before; none for the first page.
    pub after: Option<String>,
    /// How many entries at most; 0 means the default of 20, and 100 is the most.
    pub limit: usize,
}

impl Cursor {
    /// The first page.
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    pub(crate) fn size(&self) -> usize {
        match self.limit {
            0 => 20,
            limit => limit.min(100),
        }
    }
}

/// One page of a list, newest first.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page starts; none on the last one.
    pub next: Option<String>,
}

/// The headers of a webhook that matter, as the Git host sent them.
#[derive(Debug, Clone, Default)]
pub struct HookHeaders {
    /// The event's name (`X-GitHub-Event`, `X-Gitlab-Event`, `X-Gitea-Event`, `X-Event-Key`).
    pub event: Option<String>,
    /// The sender's id of the delivery (`X-GitHub-Delivery`, `X-Gitlab-Event-UUID` or
    /// `Idempotency-Key`, `X-Gitea-Delivery`, `X-Request-UUID`, `X-Longshore-Delivery`).
    pub delivery: Option<String>,
    /// The signature (`X-Hub-Signature-256`, `X-Gitlab-Token`, `X-Gitea-Signature`,
    /// `X-Hub-Signature`, `X-Longshore-Signature-256`).
    pub signature: Option<String>,
}
