//! Drafts of stacks.

use longshore_domain::run::RunSettings;

use super::SourceDraft;

/// A new stack: from a repository, or typed in.
#[derive(Debug, Clone, Default)]
pub struct StackDraft {
    /// The name.
    pub name: String,
    /// The repository.
    pub source: Option<SourceDraft>,
    /// The Compose file in it; `docker-compose.yml` when absent.
    pub compose_path: Option<String>,
    /// The file's text, when it is typed in.
    pub compose: Option<String>,
}

/// Changes of a stack; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct StackPatch {
    /// The name.
    pub name: Option<String>,
    /// The repository.
    pub source: Option<SourceDraft>,
    /// The Compose file in it.
    pub compose_path: Option<String>,
    /// The file's text.
    pub compose: Option<String>,
    /// How its versions take over: times alone count.
    pub run: Option<RunSettings>,
}
