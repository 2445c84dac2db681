//! How a service's containers run.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::Strategy;
use crate::health::HealthCheck;

/// A TCP port inside a container, 1 to 65535.
pub type Port = NonZeroU16;

/// The earlier versions that a service keeps when nobody says otherwise.
pub const DEFAULT_KEEP_RELEASES: u32 = 10;

/// The run settings of a service; all have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunSettings {
    /// Overrides the image's entry point: program and arguments, without a shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Runs once in the new image before any traffic moves, without a shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_command: Option<Vec<String>>,
    /// Containers of the live version.
    pub replicas: u32,
    /// Memory limit in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<i64>,
    /// CPU limit in thousandths of a core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit_millis: Option<i64>,
    /// How a new version takes over; chosen by the rules of the design when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Whether a visitor stays with one container, by a cookie.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sticky_sessions: bool,
    /// The health check.
    pub health: HealthCheck,
    /// Seconds that the old version goes on serving what it has begun.
    pub drain_seconds: u32,
    /// Seconds between SIGTERM and SIGKILL.
    pub stop_grace_seconds: u32,
    /// Seconds that a service without a port must stay up to be live.
    pub settle_seconds: u32,
    /// Seconds after the switch in which a version that starts to fail is replaced by the
    /// one before it; 0 for never.
    pub watch_seconds: u32,
    /// Seconds that the release command may take.
    pub release_timeout_seconds: u32,
    /// Earlier successful versions that keep their image, so that it can go back to them.
    pub keep_releases: u32,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            command: None,
            release_command: None,
            replicas: 1,
            memory_limit_bytes: None,
            cpu_limit_millis: None,
            strategy: None,
            sticky_sessions: false,
            health: HealthCheck::default(),
            drain_seconds: 10,
            stop_grace_seconds: 10,
            settle_seconds: 5,
            watch_seconds: 60,
            release_timeout_seconds: 1800,
            keep_releases: DEFAULT_KEEP_RELEASES,
        }
    }
}

impl RunSettings {
    /// What is wrong with it, as fragments behind field names.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = self.health.problems();
        for (field, value, low, high) in [
            ("replicas", self.replicas, 1, 100),
            ("drain_seconds", self.drain_seconds, 0, 3600),
            ("stop_grace_seconds", self.stop_grace_seconds, 0, 3600),
            ("settle_seconds", self.settle_seconds, 1, 600),
            ("watch_seconds", self.watch_seconds, 0, 3600),
            (
                "release_timeout_seconds",
                self.release_timeout_seconds,
                1,
                86_400,
            ),
            ("keep_releases", self.keep_releases, 1, 100),
        ] {
            if !(low..=high).contains(&value) {
                problems.push((field, format!("must be between {low} and {high}")));
            }
        }
        if self
            .memory_limit_bytes
            .is_some_and(|bytes| bytes < 6 * 1024 * 1024)
        {
            // Docker's own lower bound.
            problems.push(("memory_limit_bytes", "must be at least 6 MiB".to_owned()));
        }
        if self.cpu_limit_millis.is_some_and(|millis| millis < 10) {
            problems.push(("cpu_limit_millis", "must be at least 10".to_owned()));
        }
        for (field, argv) in [
            ("command", &self.command),
            ("release_command", &self.release_command),
        ] {
            if let Some(argv) = argv {
                if argv.first().is_none_or(String::is_empty) {
                    problems.push((field, "must name a program".to_owned()));
                } else if argv.len() > 200
                    || argv
                        .iter()
                        .any(|arg| arg.contains('\0') || arg.len() > 32_768)
                {
                    problems.push((field, "has too many or too long arguments".to_owned()));
                }
            }
        }
        problems
    }
}
