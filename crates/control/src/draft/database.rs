//! Drafts of databases.

use std::collections::BTreeMap;

/// A new database.
#[derive(Debug, Clone, Default)]
pub struct DatabaseDraft {
    /// The name: its host name in the environment.
    pub name: String,
    /// The engine's name, such as `postgres`.
    pub engine: String,
    /// The version; the engine's default one when absent.
    pub version: Option<String>,
    /// What the engine lets one choose.
    pub options: BTreeMap<String, String>,
    /// The most memory that it may take, in bytes.
    pub memory_limit_bytes: Option<i64>,
    /// An image with extensions instead of the usual one.
    pub image: Option<String>,
}

/// Changes of a database; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct DatabasePatch {
    /// The version, within what its files can be read by.
    pub version: Option<String>,
    /// What the engine lets one choose.
    pub options: BTreeMap<String, String>,
    /// The most memory that it may take, in bytes; `Some(None)` takes the limit away.
    pub memory_limit_bytes: Option<Option<i64>>,
    /// Thousandths of a core; `Some(None)` takes the limit away.
    pub cpu_limit_millis: Option<Option<i64>>,
    /// An image with extensions; `Some(None)` takes the usual one again.
    pub image: Option<Option<String>>,
    /// A port of the machine that leads to it; `Some(None)` closes it.
    pub external_port: Option<Option<i64>>,
}
