//! What happens to each key of the Compose specification.
//!
//! The table is the one place that decides; `docs/stacks.md` prints it. A key that is not
//! in it is refused.

use serde_json::Value;

mod build;
mod service;
mod top;

/// What happens to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It does what Compose says; the text tells how where that is worth a word.
    Supported(&'static str),
    /// `docker compose config` has worked it in before it is read here.
    Resolved(&'static str),
    /// It changes nothing here; the text, in the deployment's log, tells why.
    Noted(&'static str),
    /// Nothing is deployed; the text says what to do instead.
    Refused(&'static str),
}

/// A key and what happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Where it is: names between dots, `*` for a name that the file gives.
    pub path: &'static str,
    /// What happens to it.
    pub decision: Decision,
}

pub(super) const fn yes(path: &'static str, how: &'static str) -> Key {
    Key {
        path,
        decision: Decision::Supported(how),
    }
}

pub(super) const fn resolved(path: &'static str, how: &'static str) -> Key {
    Key {
        path,
        decision: Decision::Resolved(how),
    }
}

pub(super) const fn noted(path: &'static str, why: &'static str) -> Key {
    Key {
        path,
        decision: Decision::Noted(why),
    }
}

pub(super) const fn refused(path: &'static str, instead: &'static str) -> Key {
    Key {
        path,
        decision: Decision::Refused(instead),
    }
}

/// Every key, in the order of the documentation.
pub fn all() -> impl Iterator<Item = &'static Key> {
    top::KEYS
        .iter()
        .chain(service::KEYS)
        .chain(build::KEYS)
        .chain(service::DEPLOY)
}

/// The table as the documentation prints it.
pub fn as_markdown() -> String {
    use std::fmt::Write as _;

    let mut text = String::from("| key | what happens | |\n|---|---|---|\n");
    for key in all() {
        let (what, more) = match key.decision {
            Decision::Supported(how) | Decision::Resolved(how) => ("supported", how),
            Decision::Noted(why) => ("ignored, with a note in the log", why),
            Decision::Refused(instead) => ("refused", instead),
        };
        let path = key.path;
        // Writing to a text cannot fail.
        let _ = writeln!(text, "| `{path}` | {what} | {more} |");
    }
    text
}

/// Problems and notes of a file's keys.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    pub(super) problems: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Looks at every key of a normalised file.
pub(super) fn check(file: &Value) -> Verdict {
    let mut verdict = Verdict::default();
    walk(file, "", "", &mut verdict);
    verdict
}

fn walk(value: &Value, pattern: &str, place: &str, verdict: &mut Verdict) {
    match value {
        Value::Array(items) => {
            for item in items {
                walk(item, pattern, place, verdict);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                field(name, value, pattern, place, verdict);
            }
        }
        _ => {}
    }
}

fn field(name: &str, value: &Value, pattern: &str, place: &str, verdict: &mut Verdict) {
    if name.starts_with("x-") {
        return;
    }
    let place = join(place, name);
    let exact = join(pattern, name);
    let any = join(pattern, "*");
    let found = all()
        .find(|key| key.path == exact)
        .or_else(|| all().find(|key| key.path == any));
    let next = match found {
        Some(key) => key.path.to_owned(),
        // A name that the file gives, with keys below it.
        None if has_children(&any) => any,
        None if has_children(&exact) => exact.clone(),
        None => {
            if !is_neutral(&exact, value) {
                verdict.problems.push(format!(
                    "{place} is a key that Longshore does not know; remove it."
                ));
            }
            return;
        }
    };
    match found.map(|key| key.decision) {
        Some(Decision::Refused(instead)) => {
            if !is_neutral(&exact, value) {
                verdict
                    .problems
                    .push(format!("{place} is not possible here: {instead}."));
            }
        }
        Some(Decision::Noted(why)) => {
            if !is_neutral(&exact, value) {
                let note = format!("{place} is ignored: {why}.");
                if !verdict.notes.contains(&note) {
                    verdict.notes.push(note);
                }
            }
        }
        Some(Decision::Supported(_) | Decision::Resolved(_)) | None => {
            if has_children(&next) {
                walk(value, &next, &place, verdict);
            }
        }
    }
}

fn has_children(path: &str) -> bool {
    all().any(|key| {
        key.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}.{name}")
    }
}

/// Whether a key says what holds without it.
fn is_neutral(path: &str, value: &Value) -> bool {
    let usual: &[&str] = match path.rsplit('.').next().unwrap_or_default() {
        "network_mode" => &["bridge"],
        "isolation" => &["default"],
        "ipc" => &["private", "shareable"],
        "cgroup" => &["private"],
        "mode" => &["replicated", "ingress", "host"],
        "endpoint_mode" => &["dnsrr"],
        "runtime" => &["runc"],
        "driver" => &["overlay", "bridge", "local", "default"],
        "external" | "privileged" | "internal" => &["false"],
        _ => &[],
    };
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || usual.contains(&text.as_str()),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}
