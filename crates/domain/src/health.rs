//! How it is known that a version works.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::PathPrefix;

/// What is checked inside the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HealthProbe {
    /// The image's own health check if it has one, else [`HealthProbe::Tcp`] for a service
    /// with a port, else that the container stays up.
    #[default]
    Auto,
    /// A GET on this path answers with a status below 400.
    Http {
        /// The path, with a leading slash; may hold a query.
        path: String,
    },
    /// Something listens on the port.
    Tcp,
    /// This command, without a shell, ends with 0.
    Command {
        /// Program and arguments.
        argv: Vec<String>,
    },
}

/// A health check with its times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthCheck {
    /// What is checked.
    pub probe: HealthProbe,
    /// Seconds between two checks.
    pub interval_seconds: u32,
    /// Seconds until a check counts as failed.
    pub timeout_seconds: u32,
    /// Seconds after the start in which failures do not count.
    pub start_period_seconds: u32,
    /// Failures in a row until the container counts as unhealthy.
    pub retries: u32,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            probe: HealthProbe::Auto,
            interval_seconds: 2,
            timeout_seconds: 3,
            start_period_seconds: 60,
            retries: 3,
        }
    }
}

impl HealthCheck {
    /// The longest that a healthy container may take to be seen as one.
    pub fn patience(&self) -> Duration {
        let rounds =
            u64::from(self.retries) * u64::from(self.interval_seconds + self.timeout_seconds);
        Duration::from_secs(u64::from(self.start_period_seconds) + rounds + 5)
    }

    /// The path to ask for through the proxy: that of an HTTP probe, else `/`.
    pub fn path(&self) -> &str {
        match &self.probe {
            HealthProbe::Http { path } => path,
            HealthProbe::Auto | HealthProbe::Tcp | HealthProbe::Command { .. } => "/",
        }
    }

    /// What is wrong with it, as fragments behind field names.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        for (field, value, low, high) in [
            ("interval_seconds", self.interval_seconds, 1, 300),
            ("timeout_seconds", self.timeout_seconds, 1, 120),
            ("start_period_seconds", self.start_period_seconds, 0, 1800),
            ("retries", self.retries, 1, 20),
        ] {
            if !(low..=high).contains(&value) {
                problems.push((field, format!("must be between {low} and {high}")));
            }
        }
        match &self.probe {
            HealthProbe::Http { path } => {
                let bare = path.split('?').next().unwrap_or_default();
                if !path.starts_with('/')
                    || path.len() > 500
                    || path.chars().any(|c| c.is_control() || c.is_whitespace())
                {
                    problems.push(("path", "must start with / and hold no spaces".to_owned()));
                } else if bare.parse::<PathPrefix>().is_err() && !bare.ends_with('/') {
                    problems.push((
                        "path",
                        "holds characters that a URL's path may not hold".to_owned(),
                    ));
                }
            }
            HealthProbe::Command { argv } if argv.is_empty() => {
                problems.push(("argv", "must name a program".to_owned()));
            }
            HealthProbe::Auto | HealthProbe::Tcp | HealthProbe::Command { .. } => {}
        }
        problems
    }
}
