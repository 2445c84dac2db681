//! How it is known that a version works.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{DomainName, PathPrefix};

/// What is checked inside the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HealthProbe {
    /// The image's own health check if it has one, else [`HealthProbe::Tcp`] for a service
    /// with a port, else that the container stays up.
    #[default]
    Auto,
    /// A GET on this path answers with the expected status.
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
    /// The status that an HTTP probe must be answered with; any below 400 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_status: Option<u16>,
    /// The `Host` header of an HTTP probe; one that Longshore chooses when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            probe: HealthProbe::Auto,
            interval_seconds: 2,
            timeout_seconds: 3,
            start_period_seconds: 60,
            retries: 3,
            expected_status: None,
            host: None,
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

    /// Whether an HTTP probe that is answered with this status has passed.
    pub fn accepts(&self, status: u16) -> bool {
        match self.expected_status {
            Some(expected) => status == expected,
            None => (100..400).contains(&status),
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
        if self
            .expected_status
            .is_some_and(|status| !(100..=599).contains(&status))
        {
            problems.push(("expected_status", "must be between 100 and 599".to_owned()));
        }
        if let Some(host) = &self.host
            && let Err(problem) = host.parse::<DomainName>()
        {
            problems.push(("health.host", problem.to_string()));
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
            HealthProbe::Command { argv } if argv.first().is_none_or(String::is_empty) => {
                problems.push(("argv", "must name a program".to_owned()));
            }
            HealthProbe::Auto | HealthProbe::Tcp | HealthProbe::Command { .. } => {}
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_accepted_below_400_or_when_it_is_the_expected_one() {
        let any = HealthCheck::default();
        assert!(any.accepts(200) && any.accepts(302) && !any.accepts(404) && !any.accepts(500));
        let exact = HealthCheck {
            expected_status: Some(404),
            ..HealthCheck::default()
        };
        assert!(exact.accepts(404) && !exact.accepts(200));
    }

    #[test]
    fn every_field_that_does_not_fit_is_named() {
        let check = HealthCheck {
            probe: HealthProbe::Http {
                path: "no slash".to_owned(),
            },
            interval_seconds: 0,
            timeout_seconds: 121,
            start_period_seconds: 1801,
            retries: 0,
            expected_status: Some(99),
            host: Some("not a host".to_owned()),
        };
        let mut fields: Vec<_> = check
            .problems()
            .into_iter()
            .map(|(field, _)| field)
            .collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "expected_status",
                "health.host",
                "interval_seconds",
                "path",
                "retries",
                "start_period_seconds",
                "timeout_seconds"
            ]
        );
        assert_eq!(HealthCheck::default().problems(), []);
    }
}
