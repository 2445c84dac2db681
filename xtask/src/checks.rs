//! What needs no test engine: formatting, lints, documentation, borders, shells, SQL.
//!
//! Lints, documentation and SQL share what they compile: cargo takes the same packages with the same
//! features for them, and the compiler's place is taken by clippy for all three.

mod borders;
mod shells;
pub mod sqlx;

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::stages::Stages;
use crate::{frontend, packages, process};

type Check = fn() -> anyhow::Result<()>;

/// The checks, in their order: the quick ones first.
const CHECKS: &[(&str, Check)] = &[
    ("formatting", formatting),
    ("borders", borders::check),
    ("shells", shells::check),
    ("front end", frontend::check),
    ("lints", lints),
    ("documentation", documentation),
];

/// The documentation is for those who work on Longshore: links to private items lead somewhere.
const RUSTDOC_FLAGS: &str = "--deny warnings --allow rustdoc::private_intra_doc_links";

/// Options of `cargo xtask check`.
#[derive(clap::Args)]
pub struct Options {
    /// Only the check of this name, without any preparation: formatting, borders, shells, …
    only: Option<String>,
}

/// `cargo xtask check`
pub fn run_some(options: &Options) -> anyhow::Result<()> {
    let mut stages = Stages::new(false);
    if let Some(only) = &options.only {
        let chosen = CHECKS.iter().find(|(name, _)| name == only);
        let (name, check) = chosen.with_context(|| format!("there is no check {only}"))?;
        return stages.run(name, check);
    }
    stages.run("packages", packages::install)?;
    stages.run("front end: build", frontend::build)?;
    run_all(&mut stages)?;
    stages.print();
    Ok(())
}

/// Runs every check. The front end must have been built: `web` embeds it.
pub fn run_all(stages: &mut Stages) -> anyhow::Result<()> {
    for (name, check) in CHECKS {
        stages.run(name, check)?;
    }
    Ok(())
}

fn formatting() -> anyhow::Result<()> {
    process::run(process::cargo().args(["fmt", "--all", "--", "--check"]))
}

/// With them, because it compiles the same: whether `.sqlx` is what the code and the migrations give.
fn lints() -> anyhow::Result<()> {
    sqlx::check(|variables| {
        let mut command = process::cargo();
        command.args(["check", "--quiet", "--workspace", "--all-targets"]);
        with_clippy(&mut command)?;
        process::run(command.envs(variables.iter().cloned()))
    })
}

fn documentation() -> anyhow::Result<()> {
    let mut command = process::cargo();
    command
        .args(["doc", "--quiet", "--workspace", "--no-deps"])
        .arg("--document-private-items")
        // There are no examples; asking for them makes cargo take the features that tests need,
        // and so find the packages as the lints have left them.
        .args(["--lib", "--bins", "--examples"])
        .env("RUSTDOCFLAGS", RUSTDOC_FLAGS)
        .env("SQLX_OFFLINE", "true");
    with_clippy(&mut command)?;
    process::run(&mut command)
}

/// What `cargo clippy … -- --deny warnings` does, for other subcommands of cargo.
fn with_clippy(command: &mut Command) -> anyhow::Result<()> {
    let sysroot = process::output(process::command("rustc").args(["--print", "sysroot"]))?;
    command
        .env(
            "RUSTC_WORKSPACE_WRAPPER",
            Path::new(&sysroot).join("bin/clippy-driver"),
        )
        .env(
            "CLIPPY_ARGS",
            "--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__",
        );
    Ok(())
}
