//! What needs no test engine: formatting, lints, documentation, borders, shells, SQL.

mod borders;
mod shells;
pub mod sqlx;

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
    ("sql", sqlx::check),
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
    let mut stages = Stages::default();
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

fn lints() -> anyhow::Result<()> {
    process::run(
        process::cargo()
            .args(["clippy", "--quiet", "--workspace", "--all-targets"])
            .args(["--", "--deny", "warnings"])
            .env("SQLX_OFFLINE", "true"),
    )
}

fn documentation() -> anyhow::Result<()> {
    process::run(
        process::cargo()
            .args(["doc", "--quiet", "--workspace", "--no-deps"])
            .arg("--document-private-items")
            .env("RUSTDOCFLAGS", RUSTDOC_FLAGS)
            .env("SQLX_OFFLINE", "true"),
    )
}
