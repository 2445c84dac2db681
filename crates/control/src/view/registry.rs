//! Views of accounts at container registries.

use longshore_domain::{RegistryHost, RegistryId};
use serde::Serialize;
use time::OffsetDateTime;

/// An account at a registry, without its password.
#[derive(Debug, Clone, Serialize)]
pub struct RegistryView {
    /// Its id.
    pub id: RegistryId,
    /// What people call it.
    pub name: String,
    /// The registry.
    pub host: RegistryHost,
    /// The user name.
    pub username: String,
    /// When it was added.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}
