//! Where the containers of a service run, what is kept free for them, and when they are
//! started again.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidText;

/// The most constraints, and the most labels.
const MOST: usize = 20;
/// The longest value of a constraint or a label.
const LONGEST: usize = 256;
/// Labels that mean something to Docker, to the proxy or to us.
const RESERVED: [&str; 7] = [
    "com.docker.",
    "io.docker.",
    "org.dockerproject.",
    "org.mobyproject.",
    "traefik.",
    "longshore.",
    "dev.longshore.",
];

/// The settings; all have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Scale {
    /// Memory that must be free for each container, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_reservation_bytes: Option<i64>,
    /// Thousandths of a core that must be free for each container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_reservation_millis: Option<i64>,
    /// What a machine must be like.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub placement: Vec<Constraint>,
    /// When a container that has ended is started again.
    #[serde(skip_serializing_if = "is_default")]
    pub restart: Restart,
    /// Labels of the containers, for programs that read them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// When a container that has ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Restart {
    /// After which ends.
    pub condition: RestartCondition,
    /// Seconds in between.
    pub delay_seconds: u32,
    /// How often; for ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
}

impl Default for Restart {
    fn default() -> Self {
        Self {
            condition: RestartCondition::Any,
            delay_seconds: 2,
            max_attempts: None,
        }
    }
}

/// After which ends a container is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum RestartCondition {
    /// After each.
    #[default]
    Any,
    /// After an exit code other than 0.
    OnFailure,
}

fn is_default(restart: &Restart) -> bool {
    *restart == Restart::default()
}

impl Scale {
    /// What is wrong with it, as fields below `scale` and fragments.
    pub(crate) fn problems(
        &self,
        memory_limit: Option<i64>,
        cpu_limit: Option<i64>,
    ) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        for (field, reserved, limit, least) in [
            (
                "scale.memory_reservation_bytes",
                self.memory_reservation_bytes,
                memory_limit,
                1,
            ),
            (
                "scale.cpu_reservation_millis",
                self.cpu_reservation_millis,
                cpu_limit,
                1,
            ),
        ] {
            if reserved.is_some_and(|reserved| reserved < least) {
                problems.push((field, "must be greater than 0".to_owned()));
            } else if reserved.zip(limit).is_some_and(|(own, limit)| own > limit) {
                problems.push((field, "must not be greater than the limit".to_owned()));
            }
        }
        if self.placement.len() > MOST {
            problems.push(("scale.placement", format!("must be at most {MOST}")));
        }
        if self.restart.delay_seconds > 3600 {
            let problem = "must have a delay of at most 3600 seconds";
            problems.push(("scale.restart", problem.to_owned()));
        }
        if self.restart.max_attempts == Some(0) {
            let problem = "must have at least one attempt, or none given for any number";
            problems.push(("scale.restart", problem.to_owned()));
        }
        if self.labels.len() > MOST {
            problems.push(("scale.labels", format!("must be at most {MOST}")));
        }
        let labels = self.labels.iter();
        problems.extend(
            labels.filter_map(|(key, value)| Some(("scale.labels", label_problem(key, value)?))),
        );
        problems
    }
}

fn label_problem(key: &str, value: &str) -> Option<String> {
    let is_name = !key.is_empty()
        && key.len() <= 128
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && key.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte)
        });
    if !is_name {
        return Some(format!(
            "must have names such as com.example.team, which {key:?} is not"
        ));
    }
    if RESERVED
        .iter()
        .any(|prefix| format!("{key}.").starts_with(prefix))
    {
        return Some(format!(
            "must not have {key}, which belongs to Docker, to the proxy or to Longshore"
        ));
    }
    if value.len() > LONGEST || value.contains(char::is_control) {
        return Some(format!(
            "must have a line of at most {LONGEST} bytes as the value of {key}"
        ));
    }
    None
}

/// What a machine must be like, as Swarm writes it: `node.labels.disk == ssd`,
/// `node.hostname != web-1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Constraint(String);

impl FromStr for Constraint {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        let wrong = || {
            InvalidText::new(
                "must be such as node.labels.disk == ssd, or node.hostname, node.id, node.role, node.platform.os, node.platform.arch with == or !=",
            )
        };
        let (left, operator, right) = text
            .split_once("==")
            .map(|(left, right)| (left, "==", right))
            .or_else(|| {
                let (left, right) = text.split_once("!=")?;
                Some((left, "!=", right))
            })
            .ok_or_else(wrong)?;
        let (left, right) = (left.trim(), right.trim());
        let is_word = |word: &str| {
            !word.is_empty()
                && word.len() <= LONGEST
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte))
        };
        let is_known = matches!(
            left,
            "node.hostname" | "node.id" | "node.role" | "node.platform.os" | "node.platform.arch"
        ) || left.strip_prefix("node.labels.").is_some_and(is_word);
        if is_known && is_word(right) {
            Ok(Self(format!("{left} {operator} {right}")))
        } else {
            Err(wrong())
        }
    }
}

impl TryFrom<String> for Constraint {
    type Error = InvalidText;

    fn try_from(text: String) -> Result<Self, InvalidText> {
        text.parse()
    }
}

impl From<Constraint> for String {
    fn from(constraint: Constraint) -> Self {
        constraint.0
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Constraint, Scale};

    #[test]
    fn constraints_are_those_of_swarm() {
        for (text, written) in [
            ("node.labels.disk==ssd", "node.labels.disk == ssd"),
            (" node.hostname != web-1 ", "node.hostname != web-1"),
            ("node.role == manager", "node.role == manager"),
        ] {
            assert_eq!(text.parse::<Constraint>().unwrap().to_string(), written);
        }
        for bad in [
            "",
            "node.hostname",
            "node.hostname = web",
            "engine.labels.x == y",
            "node.labels. == y",
            "node.hostname == ",
            "node.hostname == {{.Node}}",
            "node.ip == 1\n",
        ] {
            assert!(bad.parse::<Constraint>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reservations_fit_below_the_limits_and_labels_are_the_users() {
        let scale: Scale = serde_json::from_str(
            r#"{"memory_reservation_bytes": 200, "cpu_reservation_millis": 0,
                "labels": {"com.example.team": "shop", "traefik.enable": "true",
                           "com.docker.swarm": "x", "Upper": "x", "a": "b\nc", "longshore": "x"}}"#,
        )
        .unwrap();
        let problems = scale.problems(Some(100), None);
        let fields: Vec<_> = problems.iter().map(|(field, _)| *field).collect();
        assert_eq!(
            fields[..2],
            [
                "scale.memory_reservation_bytes",
                "scale.cpu_reservation_millis"
            ]
        );
        assert_eq!(
            fields
                .iter()
                .filter(|field| **field == "scale.labels")
                .count(),
            5
        );
        assert!(Scale::default().problems(None, None).is_empty());
    }
}
