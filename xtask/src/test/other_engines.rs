//! The main job on the Docker Engines that are not the run's own: a short proof in every run that
//! each of them still works.

use std::time::Instant;

use anyhow::{Context, ensure};

use super::Inside;
use crate::engine::{Engine, Version};
use crate::suites::{self, Unit};

/// From a push to a routed version and back.
const MAIN_JOB: &str = "e2e/deploy::main_job";

/// The images that it needs.
const IMAGES: [&str; 3] = [
    "debian:bookworm-slim",
    "busybox:latest",
    "longshore/traefik:v3.7",
];

/// The unit with the main job.
pub fn main_job(units: &[Unit]) -> anyhow::Result<Unit> {
    let unit = units.iter().find(|unit| unit.name == MAIN_JOB);
    unit.cloned()
        .with_context(|| format!("there are no tests {MAIN_JOB}"))
}

/// Runs it on each other engine, one engine after the other. All are tried when one fails.
pub fn run(main_job: &Unit, own: &Engine, inside: &Inside<'_>) -> anyhow::Result<()> {
    let mut failed = Vec::new();
    for version in Version::ALL {
        if version == own.version() {
            continue;
        }
        let start = Instant::now();
        let engine = own.of_version(version, &IMAGES)?;
        let unit = Unit {
            name: format!("{MAIN_JOB} on Docker {}", version.name()),
            ..main_job.clone()
        };
        let ended = suites::run_one(&unit, &|program| inside(&engine, program))?;
        eprintln!(
            "{:.1} s with the start of that engine",
            start.elapsed().as_secs_f64()
        );
        if ended.failure.is_some() {
            failed.push(unit.name);
        }
    }
    ensure!(failed.is_empty(), "tests failed in {}", failed.join(", "));
    Ok(())
}
