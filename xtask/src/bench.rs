//! `cargo xtask bench`: what Longshore takes and how fast it is, on release programs.

use crate::engine::{Engine, Version};
use crate::{frontend, packages, process, workspace};

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Options {
    /// Which benchmarks; all when none is named.
    benchmarks: Vec<String>,
}

/// Builds the release programs and runs the benchmarks in the test engine.
pub fn run(options: &Options) -> anyhow::Result<()> {
    packages::install()?;
    frontend::build()?;
    let target = workspace::target_directory();
    let programs = ["-p", "longshore-server", "-p", "longshore-agent"];
    process::run(
        process::cargo()
            .args(["build", "--release"])
            .args(programs)
            .arg("--target-dir")
            .arg(&target),
    )?;
    process::run(
        process::cargo()
            .args(["build", "--quiet", "-p", "longshore-e2e", "--bin", "bench"])
            .arg("--target-dir")
            .arg(&target),
    )?;
    let engine = Engine::for_this_run(Version::Docker20)?;
    let bench = target.join("debug/bench");
    process::run(
        engine
            .command(&bench.to_string_lossy())
            .args(&options.benchmarks)
            .env("LONGSHORE_TEST_PROGRAMS", target.join("release")),
    )
}
