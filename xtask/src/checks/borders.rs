//! Which crate may use which: layers run one way, and each big dependency has one owner.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::process;

/// The crates of the workspace, and those of the workspace that each may use.
const LAYERS: &[(&str, &[&str])] = &[
    ("longshore-domain", &[]),
    ("longshore-agent-api", &["longshore-domain"]),
    ("longshore-store", &["longshore-domain"]),
    (
        "longshore-control",
        &["longshore-domain", "longshore-store"],
    ),
    (
        "longshore-web",
        &[
            "longshore-domain",
            "longshore-control",
            "longshore-agent-api",
        ],
    ),
    (
        "longshore-agent",
        &[
            "longshore-domain",
            "longshore-agent-api",
            "longshore-autobuild",
        ],
    ),
    (
        "longshore-server",
        &[
            "longshore-domain",
            "longshore-agent-api",
            "longshore-store",
            "longshore-control",
            "longshore-web",
        ],
    ),
    ("longshore-autobuild", &[]),
    ("longshore-probe", &[]),
    ("longshore-static-server", &[]),
    ("longshore-sandbox", &[]),
    ("xtask", &["longshore-sandbox"]),
];

/// Dependencies that one crate alone may link.
const OWNERS: &[(&str, &str)] = &[
    ("sqlx", "longshore-store"),
    ("bollard", "longshore-agent"),
    ("git2", "longshore-agent"),
    ("askama", "longshore-web"),
];

/// Crates that hold tests alone, and may use any layer.
const TEST_CRATES: &[&str] = &["longshore-testkit", "longshore-e2e"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Fails with every crossing of a border; what only tests use (`dev-dependencies`) does not count.
pub fn check() -> anyhow::Result<()> {
    let text =
        process::output(process::cargo().args(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata")?;
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let members: Vec<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();

    let mut crossings = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        if TEST_CRATES.contains(&name) {
            continue;
        }
        let Some(allowed) = layers.get(name) else {
            crossings.push(format!("{name} is not in the list of layers"));
            continue;
        };
        for used in linked(package) {
            if members.contains(&used) && !allowed.contains(&used) {
                crossings.push(format!("{name} must not use {used}"));
            }
            for (dependency, owner) in OWNERS {
                if is_part_of(used, dependency) && name != *owner {
                    crossings.push(format!("{name} links {used}; only {owner} may"));
                }
            }
        }
    }
    if !crossings.is_empty() {
        bail!("{}", crossings.join("\n"));
    }
    Ok(())
}

fn linked(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind.as_deref() != Some("dev"))
        .map(|dependency| dependency.name.as_str())
}

/// `sqlx-core` is a part of `sqlx`.
fn is_part_of(used: &str, dependency: &str) -> bool {
    used.strip_prefix(dependency)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}
