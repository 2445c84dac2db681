//! Views of databases.

use longshore_domain::Secret;

/// How programs of the environment reach a database.
#[derive(Debug, Clone)]
pub struct ConnectionView {
    /// The engine's name.
    pub engine: String,
    /// Its version.
    pub version: String,
    /// The host name inside the environment's network.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// The whole URL with user and password.
    pub url: Secret,
}
