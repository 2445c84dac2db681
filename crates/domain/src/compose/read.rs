//! From the normalised file to the components.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::sections::Reading;
use super::{Component, Condition, MOST_COMPONENTS, keys};
use crate::{EnvKey, Secret};

/// What is known beside the file.
#[derive(Debug, Clone)]
pub struct Given<'a> {
    /// What begins every path of the checkout in the file, without a slash at its end.
    pub root: &'a str,
    /// The stack's variables.
    pub variables: &'a BTreeMap<EnvKey, Secret>,
    /// Components that take all of them, below what the file says: an `env_file` that is
    /// not in the repository stands for the variables.
    pub take_variables: &'a BTreeSet<String>,
    /// Whether there is a repository.
    pub has_checkout: bool,
}

/// A stack as it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The components, each behind those that it waits for.
    pub components: Vec<Component>,
    /// What was ignored, as sentences.
    pub notes: Vec<String>,
}

/// Reads a normalised file.
///
/// # Errors
/// Every problem, as sentences.
pub fn read(text: &str, given: &Given<'_>) -> Result<Project, Vec<String>> {
    let mut file: Value = serde_json::from_str(text)
        .map_err(|_| vec!["The Compose file could not be read.".to_owned()])?;
    unescape(&mut file);
    let verdict = keys::check(&file);
    let empty = Map::new();
    let section = |name: &str| file.get(name).and_then(Value::as_object).unwrap_or(&empty);
    let mut reading = Reading {
        given,
        configs: section("configs"),
        secrets: section("secrets"),
        problems: verdict.problems,
        notes: verdict.notes,
    };
    reading.networks(section("networks"));
    reading.volumes(section("volumes"));
    let services = section("services");
    if services.is_empty() {
        reading.problem(
            "The Compose file has no services that run; is a profile missing in COMPOSE_PROFILES?",
        );
    }
    if services.len() > MOST_COMPONENTS {
        reading.problem(format!(
            "The Compose file has more than {MOST_COMPONENTS} services."
        ));
        return Err(reading.problems);
    }
    let mut components: Vec<Component> = services
        .iter()
        .filter_map(|(name, fields)| reading.component(name, fields))
        .collect();
    mark_those_that_run_once(&mut components);
    let Reading {
        mut problems,
        notes,
        ..
    } = reading;
    match in_order(components, &mut problems) {
        Some(components) if problems.is_empty() => Ok(Project { components, notes }),
        _ => Err(problems),
    }
}

/// What another component waits for the end of runs once.
fn mark_those_that_run_once(components: &mut [Component]) {
    let awaited: BTreeSet<_> = components
        .iter()
        .flat_map(|component| &component.depends_on)
        .filter(|dependency| dependency.condition == Condition::Completed)
        .map(|dependency| dependency.name.clone())
        .collect();
    for component in components {
        if awaited.contains(&component.name) {
            component.runs_once = true;
            if matches!(component.restart, super::Restart::Always { .. }) {
                component.restart = super::Restart::Never;
            }
        }
    }
}

/// Each component behind those that it waits for.
fn in_order(mut left: Vec<Component>, problems: &mut Vec<String>) -> Option<Vec<Component>> {
    let names: BTreeSet<_> = left
        .iter()
        .map(|component| component.name.clone())
        .collect();
    for component in &mut left {
        // One that no profile runs, and that is not required.
        component
            .depends_on
            .retain(|dependency| dependency.required || names.contains(&dependency.name));
        for dependency in &component.depends_on {
            if !names.contains(&dependency.name) {
                problems.push(format!(
                    "services.{}.depends_on names {}, which does not run; is a profile missing in COMPOSE_PROFILES?",
                    component.name, dependency.name
                ));
            }
        }
    }
    let mut done: Vec<Component> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_ready = |component: &Component| {
            component.depends_on.iter().all(|dependency| {
                !names.contains(&dependency.name)
                    || done.iter().any(|done| done.name == dependency.name)
            })
        };
        let Some(next) = left.iter().position(is_ready) else {
            problems.push("The components wait for each other in a circle.".to_owned());
            return None;
        };
        done.push(left.remove(next));
    }
    Some(done)
}

/// Compose doubles every dollar sign of what it prints, so that the text could be read again.
fn unescape(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.contains("$$") {
                *text = text.replace("$$", "$");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(unescape),
        Value::Object(fields) => {
            for (name, mut value) in std::mem::take(fields) {
                unescape(&mut value);
                fields.insert(name.replace("$$", "$"), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
