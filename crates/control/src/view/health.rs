//! Trying a health check.

use longshore_domain::ServiceId;
use longshore_domain::health::HealthCheck;
use longshore_domain::run::Port;
use serde::Serialize;

/// A health check that is to be tried once, as it was authorised and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthTrial {
    /// The service.
    pub service: ServiceId,
    /// The number of its live deployment.
    pub live_number: i32,
    /// The check.
    pub health: HealthCheck,
    /// The port to ask.
    pub port: Option<Port>,
}

/// What came of a [`HealthTrial`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthVerdict {
    /// Whether it passed.
    pub passed: bool,
    /// The status of the answer, of an HTTP check that was answered.
    pub status: Option<u16>,
    /// How long the check took, in milliseconds.
    pub took_ms: u64,
    /// What was seen, as a sentence.
    pub message: String,
}
