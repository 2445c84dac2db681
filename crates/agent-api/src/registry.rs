//! Container registries.

use longshore_domain::RegistryHost;
use serde::{Deserialize, Serialize};

use crate::WireSecret;

/// An account at a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryLogin {
    /// The registry.
    pub host: RegistryHost,
    /// The user name.
    pub username: String,
    /// The password or token.
    pub password: WireSecret,
}
