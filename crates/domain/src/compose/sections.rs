//! The parts of one component.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::amounts::{integer, nanoseconds, seconds};
use super::limits::capability;
use super::network::{aliases, ports};
use super::values::{at, flag, list, map, text};
use super::{
    Component, ComponentHealth, ComponentName, Condition, Dependency, Given, Log, Restart,
};
use crate::{ImageRef, RelativePath};

const DEFAULT_GRACE_SECONDS: u32 = 10;

/// A file that is being read.
pub(super) struct Reading<'a> {
    pub(super) given: &'a Given<'a>,
    pub(super) configs: &'a Map<String, Value>,
    pub(super) secrets: &'a Map<String, Value>,
    pub(super) problems: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl Reading<'_> {
    pub(super) fn problem(&mut self, sentence: impl Into<String>) {
        self.problems.push(sentence.into());
    }

    pub(super) fn note(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if !self.notes.contains(&sentence) {
            self.notes.push(sentence);
        }
    }

    pub(super) fn component(&mut self, name: &str, fields: &Value) -> Option<Component> {
        let place = format!("services.{name}");
        let parsed = match name.parse::<ComponentName>() {
            Ok(parsed) => parsed,
            Err(problem) => {
                self.problem(format!("The name of {place} {problem}."));
                return None;
            }
        };
        let build = self.build(&place, fields);
        let image = match text(fields, "image") {
            Some(image) if build.is_none() => self.parse::<ImageRef>(&place, "image", &image),
            _ => None,
        };
        if image.is_none() && build.is_none() && fields.get("image").is_none_or(Value::is_null) {
            self.problem(format!("{place} needs an image or a build."));
        }
        let (mounts, files) = self.storage(&place, fields);
        let restart = self.restart(&place, fields);
        let (port, takes_requests) = ports(fields);
        let resources = self.resources(&place, fields);
        let replicas = self.replicas(&place, fields);
        self.logging(&place, fields);
        Some(Component {
            environment: self.environment(name, &place, fields),
            depends_on: self.depends_on(&place, fields),
            health: self.health(&place, fields),
            hosts: self.hosts(&place, fields),
            ulimits: self.ulimits(&place, fields),
            sysctls: self.sysctls(&place, fields),
            cap_add: self.capabilities(&place, fields),
            stop_grace_seconds: self
                .duration(&place, fields, "stop_grace_period")
                .map_or(DEFAULT_GRACE_SECONDS, seconds),
            name: parsed,
            image,
            build,
            pull_always: text(fields, "pull_policy").as_deref() == Some("always"),
            entrypoint: list(fields, "entrypoint"),
            command: list(fields, "command"),
            mounts,
            files,
            replicas,
            resources,
            restart,
            runs_once: false,
            log: Log {
                max_size: option(fields, "max-size"),
                max_file: option(fields, "max-file"),
            },
            init: flag(fields, "init"),
            tty: flag(fields, "tty"),
            stdin_open: flag(fields, "stdin_open"),
            read_only: flag(fields, "read_only"),
            user: text(fields, "user"),
            groups: list(fields, "group_add").unwrap_or_default(),
            working_dir: text(fields, "working_dir"),
            hostname: text(fields, "hostname"),
            labels: map(fields, "labels"),
            stop_signal: text(fields, "stop_signal"),
            cap_drop: list(fields, "cap_drop")
                .unwrap_or_default()
                .iter()
                .map(|name| capability(name))
                .collect(),
            dns: list(fields, "dns").unwrap_or_default(),
            dns_search: list(fields, "dns_search").unwrap_or_default(),
            dns_options: list(fields, "dns_opt").unwrap_or_default(),
            aliases: aliases(fields),
            takes_requests,
            port,
            start_first: at(fields, &["deploy", "update_config", "order"])
                .and_then(Value::as_str)
                .map(|order| order == "start-first"),
        })
    }

    pub(super) fn parse<T>(&mut self, place: &str, field: &str, value: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        match value.parse() {
            Ok(parsed) => Some(parsed),
            Err(problem) => {
                self.problem(format!("{place}.{field} {problem}."));
                None
            }
        }
    }

    fn duration(&mut self, place: &str, fields: &Value, key: &str) -> Option<i64> {
        let value = fields.get(key).filter(|value| !value.is_null())?;
        let read = nanoseconds(value);
        if read.is_none() {
            self.problem(format!("{place}.{key} must be a time such as 30s."));
        }
        read
    }

    fn environment(
        &mut self,
        name: &str,
        place: &str,
        fields: &Value,
    ) -> BTreeMap<String, Option<String>> {
        let mut environment = BTreeMap::new();
        if self.given.take_variables.contains(name) {
            for (key, value) in self.given.variables {
                environment.insert(key.to_string(), Some(value.expose().to_owned()));
            }
        }
        for (key, value) in fields
            .get("environment")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if key.is_empty() || key.contains(['=', '\0']) {
                self.problem(format!(
                    "{place}.environment has a name that no variable can have."
                ));
            }
            match value {
                // Named without a value, and nobody gives one.
                Value::Null => {
                    environment.entry(key.clone()).or_insert(None);
                }
                Value::String(text) if text.contains('\0') => {
                    self.problem(format!("{place}.environment.{key} must not hold NUL."));
                }
                Value::String(text) => {
                    environment.insert(key.clone(), Some(text.clone()));
                }
                other => {
                    environment.insert(key.clone(), Some(other.to_string()));
                }
            }
        }
        environment
    }

    /// A path of the file as one of the checkout; none when it leads elsewhere.
    pub(super) fn in_checkout(&self, path: &str) -> Option<RelativePath> {
        let rest = path.strip_prefix(self.given.root)?;
        let rest = match rest.strip_prefix('/') {
            Some(rest) => rest,
            None if rest.is_empty() => ".",
            None => return None,
        };
        rest.parse().ok()
    }

    fn depends_on(&mut self, place: &str, fields: &Value) -> Vec<Dependency> {
        let mut found = Vec::new();
        let fields = fields.get("depends_on").and_then(Value::as_object);
        for (name, how) in fields.into_iter().flatten() {
            let condition = match text(how, "condition").as_deref() {
                None | Some("service_started") => Condition::Started,
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::Completed,
                Some(other) => {
                    self.problem(format!(
                        "{place}.depends_on.{name}.condition cannot be {other}."
                    ));
                    continue;
                }
            };
            if let Some(name) = self.parse(place, "depends_on", name) {
                found.push(Dependency {
                    name,
                    condition,
                    required: how.get("required").and_then(Value::as_bool) != Some(false),
                });
            }
        }
        found
    }

    fn health(&mut self, place: &str, fields: &Value) -> Option<ComponentHealth> {
        let health = fields
            .get("healthcheck")
            .filter(|health| health.is_object())?;
        let place = format!("{place}.healthcheck");
        let test = match health.get("test") {
            Some(Value::String(line)) => vec!["CMD-SHELL".to_owned(), line.clone()],
            _ => list(health, "test").unwrap_or_default(),
        };
        if flag(health, "disable") || test.first().is_some_and(|first| first == "NONE") {
            return Some(ComponentHealth::Disabled);
        }
        Some(ComponentHealth::Test {
            test,
            interval: self.duration(&place, health, "interval"),
            timeout: self.duration(&place, health, "timeout"),
            start_period: self.duration(&place, health, "start_period"),
            start_interval: self.duration(&place, health, "start_interval"),
            retries: health.get("retries").and_then(integer),
        })
    }

    fn restart(&mut self, place: &str, fields: &Value) -> Restart {
        let policy = at(fields, &["deploy", "restart_policy"]);
        let delay = policy.and_then(|policy| {
            let place = format!("{place}.deploy.restart_policy");
            self.duration(&place, policy, "delay")
        });
        let attempts = policy.and_then(|policy| policy.get("max_attempts").and_then(integer));
        let condition = policy
            .and_then(|policy| text(policy, "condition"))
            .or_else(|| text(fields, "restart"));
        match condition.as_deref() {
            None | Some("always" | "unless-stopped" | "any" | "") => Restart::Always { delay },
            Some("no" | "none" | "false") => Restart::Never,
            Some("on-failure") => Restart::OnFailure { attempts, delay },
            Some(other) => match other.strip_prefix("on-failure:") {
                Some(count) if count.parse::<i64>().is_ok() => Restart::OnFailure {
                    attempts: count.parse().ok(),
                    delay,
                },
                _ => {
                    self.problem(format!("{place}.restart cannot be {other}."));
                    Restart::Never
                }
            },
        }
    }

    fn logging(&mut self, place: &str, fields: &Value) {
        let driver = at(fields, &["logging", "driver"])
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !matches!(driver, "" | "json-file" | "local") {
            self.problem(format!(
                "{place}.logging.driver is not possible here: Longshore reads the log itself; remove {driver}."
            ));
        }
    }
}

fn option(fields: &Value, key: &str) -> Option<String> {
    at(fields, &["logging", "options", key])
        .and_then(Value::as_str)
        .map(str::to_owned)
}
