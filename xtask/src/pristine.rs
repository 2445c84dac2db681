//! `cargo xtask pristine`: an installation on a machine that nobody prepared, with its transcript.

use longshore_sandbox::roots::System;

use crate::{frontend, packages, process, workspace};

/// Options of `cargo xtask pristine`.
#[derive(clap::Args)]
pub struct Options {
    /// The Debian: 12, 13 or testing.
    system: System,
    /// Install from this checkout, in place of a release over HTTP.
    #[arg(long)]
    checkout: bool,
}

/// Builds the programs and runs the journey; everything is removed afterwards.
pub fn run(options: &Options) -> anyhow::Result<()> {
    workspace::require_root("a machine in namespaces")?;
    packages::install()?;
    frontend::build()?;
    let target = workspace::target_directory();
    process::run(
        process::cargo()
            .args([
                "build",
                "--quiet",
                "--workspace",
                "--bins",
                "--exclude=xtask",
            ])
            .arg("--target-dir")
            .arg(&target)
            .env("SQLX_OFFLINE", "true"),
    )?;
    let debug = target.join("debug");
    let mut pristine = process::command(&debug.join("pristine").to_string_lossy());
    pristine
        .arg(options.system.to_string())
        .env("LONGSHORE_TEST_PROGRAMS", &debug)
        .env("CARGO_TARGET_DIR", &target);
    if options.checkout {
        pristine.arg("--checkout");
    }
    process::run(&mut pristine)
}
