//! Trying a health check on what runs.

use longshore_domain::health::HealthCheck;
use longshore_domain::run::Port;
use serde::{Deserialize, Serialize};

/// A health check to be tried once on a version that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthTrial {
    /// The number of the deployment.
    pub number: i32,
    /// The check, which need not be the one that the version was started with.
    pub health: HealthCheck,
    /// The port to ask.
    pub port: Option<Port>,
}

/// What came of a [`HealthTrial`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthVerdict {
    /// Whether it passed.
    pub passed: bool,
    /// The status of the answer, of an HTTP check that was answered.
    pub status: Option<u16>,
    /// How long the check itself took, in milliseconds.
    pub took_ms: u64,
    /// What was seen, as a sentence.
    pub message: String,
}
