//! Drafts of accounts at container registries.

use longshore_domain::{RegistryHost, Secret};

/// An account at a registry as a person gives it.
#[derive(Clone, Default)]
pub struct RegistryDraft {
    /// What people call it.
    pub name: String,
    /// The registry's host.
    pub host: String,
    /// The user name.
    pub username: String,
    /// The password or token; none for the one that is kept.
    pub password: Option<String>,
}

impl std::fmt::Debug for RegistryDraft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RegistryDraft")
            .field("name", &self.name)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// An account at a registry, in the clear: for the agent alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryAccount {
    /// The registry.
    pub host: RegistryHost,
    /// The user name.
    pub username: String,
    /// The password or token.
    pub password: Secret,
}
