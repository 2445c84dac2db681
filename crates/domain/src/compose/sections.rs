//! The parts of one component.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::amounts::{bytes, integer, nano_cpus, nanoseconds, seconds};
use super::{
    Component, ComponentBuild, ComponentHealth, ComponentName, Condition, Dependency, Given, Log,
    Resources, Restart, Ulimit,
};
use crate::run::Port;
use crate::{ImageRef, RelativePath};

/// What Docker gives a container anyway, without raw sockets: with them, one could pretend
/// to be another on the network that all share with the proxy.
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Settings of the kernel that each container has of its own.
const SYSCTLS: [&str; 5] = [
    "net.",
    "kernel.shm",
    "kernel.msg",
    "kernel.sem",
    "fs.mqueue.",
];
/// The most processes of one container.
const MOST_PIDS: i64 = 4096;
const MOST_REPLICAS: i64 = 100;
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

    /// All networks become one; what they promise beside that is said.
    pub(super) fn networks(&mut self, networks: &Map<String, Value>) {
        for (name, network) in networks {
            let driver = text(network, "driver").unwrap_or_default();
            if !matches!(driver.as_str(), "" | "bridge" | "overlay" | "default") {
                self.problem(format!(
                    "networks.{name}.driver is not possible here: the stack's network is an overlay; remove it."
                ));
            }
        }
        if networks.len() > 1 {
            self.note(
                "The stack has one private network, on which all components reach each other, whatever networks the file names.",
            );
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

    fn build(&mut self, place: &str, fields: &Value) -> Option<ComponentBuild> {
        let build = fields.get("build").filter(|build| build.is_object())?;
        let place = format!("{place}.build");
        if !self.given.has_checkout {
            self.problem(format!(
                "{place} needs a repository; take the stack's file from Git, or name an image."
            ));
            return None;
        }
        let path = text(build, "context").unwrap_or_else(|| self.given.root.to_owned());
        let Some(context) = self.in_checkout(&path) else {
            self.problem(format!(
                "{place}.context must be a folder of the repository."
            ));
            return None;
        };
        let file = text(build, "dockerfile").unwrap_or_else(|| "Dockerfile".to_owned());
        let dockerfile = if file.starts_with('/') {
            self.in_checkout(&file)
        } else {
            beside(&context, &file)
        };
        let Some(dockerfile) = dockerfile else {
            self.problem(format!(
                "{place}.dockerfile must be a file of the repository."
            ));
            return None;
        };
        let mut secrets = BTreeMap::new();
        for item in items(build, "secrets") {
            let source = item
                .as_str()
                .map(str::to_owned)
                .or_else(|| text(item, "source"));
            let Some(source) = source else { continue };
            let id = text(item, "target").unwrap_or_else(|| source.clone());
            let variable = self
                .secrets
                .get(&source)
                .and_then(|secret| text(secret, "environment"));
            match variable {
                Some(variable) => {
                    secrets.insert(id, variable);
                }
                None => self.problem(format!(
                    "{place}.secrets names {source}, which has no `environment`; set a variable and name it there."
                )),
            }
        }
        let args = map(build, "args");
        Some(ComponentBuild {
            context,
            dockerfile,
            target: text(build, "target"),
            args,
            secrets,
            no_cache: flag(build, "no_cache"),
        })
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

    fn resources(&mut self, place: &str, fields: &Value) -> Resources {
        let mut amount = |value: Option<&Value>, key: &str, read: fn(&Value) -> Option<i64>| {
            let value = value.filter(|value| !value.is_null())?;
            let amount = read(value);
            if amount.is_none() {
                self.problems
                    .push(format!("{place}.{key} is not an amount."));
            }
            amount.filter(|amount| *amount != 0)
        };
        let limit = |key| at(fields, &["deploy", "resources", "limits", key]);
        let reserved = |key| at(fields, &["deploy", "resources", "reservations", key]);
        let plain = |key| fields.get(key);
        let resources = Resources {
            memory_bytes: amount(limit("memory").or(plain("mem_limit")), "mem_limit", bytes),
            nano_cpus: amount(limit("cpus").or(plain("cpus")), "cpus", nano_cpus),
            pids: amount(limit("pids").or(plain("pids_limit")), "pids_limit", integer).map(
                |pids| {
                    if pids < 0 {
                        MOST_PIDS
                    } else {
                        pids.min(MOST_PIDS)
                    }
                },
            ),
            reserved_memory_bytes: amount(
                reserved("memory").or(plain("mem_reservation")),
                "mem_reservation",
                bytes,
            ),
            reserved_nano_cpus: amount(reserved("cpus"), "deploy", nano_cpus),
        };
        if resources
            .memory_bytes
            .is_some_and(|bytes| bytes < 6 * 1024 * 1024)
        {
            self.problem(format!("{place}.mem_limit must be at least 6 MiB."));
        }
        resources
    }

    fn replicas(&mut self, place: &str, fields: &Value) -> u32 {
        let count = at(fields, &["deploy", "replicas"])
            .or(fields.get("scale"))
            .and_then(integer)
            .unwrap_or(1);
        if !(0..=MOST_REPLICAS).contains(&count) {
            self.problem(format!(
                "{place}.deploy.replicas must be between 0 and {MOST_REPLICAS}."
            ));
        }
        u32::try_from(count).unwrap_or(1)
    }

    fn hosts(&mut self, place: &str, fields: &Value) -> Vec<(String, String)> {
        let mut hosts = Vec::new();
        for line in list(fields, "extra_hosts").unwrap_or_default() {
            let parts = line.split_once('=').or_else(|| line.split_once(':'));
            let Some((name, address)) = parts else {
                self.problem(format!("{place}.extra_hosts must be names with addresses."));
                continue;
            };
            let address = address.trim_matches(['[', ']']);
            let fits = address == "host-gateway" || address.parse::<std::net::IpAddr>().is_ok();
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            if !fits || name.is_empty() || !name.chars().all(plain) {
                self.problem(format!(
                    "{place}.extra_hosts must be names with an address or host-gateway."
                ));
                continue;
            }
            hosts.push((name.to_owned(), address.to_owned()));
        }
        hosts
    }

    fn ulimits(&mut self, place: &str, fields: &Value) -> Vec<Ulimit> {
        let mut found = Vec::new();
        let limits = fields.get("ulimits").and_then(Value::as_object);
        for (name, value) in limits.into_iter().flatten() {
            let single = integer(value);
            let part = |key| single.or_else(|| value.get(key).and_then(integer));
            match (part("soft"), part("hard")) {
                (Some(soft), Some(hard)) => found.push(Ulimit {
                    name: name.clone(),
                    soft,
                    hard,
                }),
                _ => self.problem(format!(
                    "{place}.ulimits.{name} must be a number, or soft and hard."
                )),
            }
        }
        found
    }

    fn sysctls(&mut self, place: &str, fields: &Value) -> BTreeMap<String, String> {
        let sysctls = map(fields, "sysctls");
        for name in sysctls.keys() {
            if !SYSCTLS.iter().any(|start| name.starts_with(start)) {
                self.problem(format!(
                    "{place}.sysctls.{name} is not possible here: it belongs to the whole server; remove it."
                ));
            }
        }
        sysctls
    }

    fn capabilities(&mut self, place: &str, fields: &Value) -> Vec<String> {
        let mut added = Vec::new();
        for name in list(fields, "cap_add").unwrap_or_default() {
            let full = capability(&name);
            if CAPABILITIES.contains(&full.trim_start_matches("CAP_")) {
                added.push(full);
            } else {
                self.problem(format!(
                    "{place}.cap_add is not possible here: {name} gives power over the server; remove it."
                ));
            }
        }
        added
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

/// The first TCP port that the file names, and whether it names any.
fn ports(fields: &Value) -> (Option<Port>, bool) {
    let is_tcp = |protocol: Option<&str>| protocol.is_none_or(|protocol| protocol == "tcp");
    let published = items(fields, "ports")
        .filter(|port| is_tcp(port.get("protocol").and_then(Value::as_str)))
        .filter_map(|port| port.get("target").and_then(integer));
    let exposed = items(fields, "expose").filter_map(|port| {
        let text = port
            .as_str()
            .map_or_else(|| port.to_string(), str::to_owned);
        let (numbers, protocol) = match text.split_once('/') {
            Some((numbers, protocol)) => (numbers, Some(protocol)),
            None => (text.as_str(), None),
        };
        is_tcp(protocol).then(|| numbers.split('-').next()?.parse::<i64>().ok())?
    });
    let first = published.chain(exposed).next();
    let port = first
        .and_then(|port| u16::try_from(port).ok())
        .and_then(Port::new);
    (port, first.is_some())
}

fn aliases(fields: &Value) -> Vec<String> {
    let mut found: Vec<String> = fields
        .get("networks")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .flat_map(|(_, network)| list(network, "aliases").unwrap_or_default())
        .collect();
    found.sort();
    found.dedup();
    found
}

fn option(fields: &Value, key: &str) -> Option<String> {
    at(fields, &["logging", "options", key])
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// A capability under its full name.
fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    if name == "ALL" || name.starts_with("CAP_") {
        name
    } else {
        format!("CAP_{name}")
    }
}

/// A path that is meant from a folder of the checkout.
fn beside(folder: &RelativePath, path: &str) -> Option<RelativePath> {
    let mut parts: Vec<&str> = folder
        .as_str()
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    parts.join("/").parse().ok()
}

pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    let mut value = value;
    for key in path {
        value = value.get(key)?;
    }
    (!value.is_null()).then_some(value)
}

pub(super) fn items<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn flag(value: &Value, key: &str) -> bool {
    match value.get(key) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => false,
    }
}

/// A list of texts; none when the key is absent or null.
pub(super) fn list(value: &Value, key: &str) -> Option<Vec<String>> {
    match value.get(key)? {
        Value::Array(items) => Some(
            items
                .iter()
                .map(|item| match item {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
                .collect(),
        ),
        Value::String(text) => Some(vec![text.clone()]),
        _ => None,
    }
}

/// Texts by names.
pub(super) fn map(value: &Value, key: &str) -> BTreeMap<String, String> {
    value
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| {
            let text = match value {
                Value::Null => return None,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some((name.clone(), text))
        })
        .collect()
}
