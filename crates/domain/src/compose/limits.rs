//! What bounds a component, and what it may do.

use std::collections::BTreeMap;

use serde_json::Value;

use super::amounts::{bytes, integer, nano_cpus};
use super::sections::Reading;
use super::values::{at, list, map};
use super::{Resources, Ulimit};

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

impl Reading<'_> {
    pub(super) fn resources(&mut self, place: &str, fields: &Value) -> Resources {
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

    pub(super) fn replicas(&mut self, place: &str, fields: &Value) -> u32 {
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

    pub(super) fn ulimits(&mut self, place: &str, fields: &Value) -> Vec<Ulimit> {
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

    pub(super) fn sysctls(&mut self, place: &str, fields: &Value) -> BTreeMap<String, String> {
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

    pub(super) fn capabilities(&mut self, place: &str, fields: &Value) -> Vec<String> {
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
}

/// A capability under its full name.
pub(super) fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    if name == "ALL" || name.starts_with("CAP_") {
        name
    } else {
        format!("CAP_{name}")
    }
}
