//! What needs no test engine: formatting, lints, documentation, borders, shells, SQL.

mod borders;
mod shells;
pub mod sqlx;

use crate::stages::Stages;
use crate::{frontend, packages, process};

/// `cargo xtask check`
pub fn run_all() -> anyhow::Result<()> {
    let mut stages = Stages::default();
    stages.run("packages", packages::install)?;
    stages.run("front end: build", frontend::build)?;
    run(&mut stages)?;
    stages.print();
    Ok(())
}

/// Runs every check. The front end must have been built: `web` embeds it.
pub fn run(stages: &mut Stages) -> anyhow::Result<()> {
    stages.run("formatting", || {
        process::run(process::cargo().args(["fmt", "--all", "--", "--check"]))
    })?;
    stages.run("borders", borders::check)?;
    stages.run("no shell in the product", shells::check)?;
    stages.run("front end: types and tests", frontend::check)?;
    stages.run("lints", || {
        process::run(
            process::cargo()
                .args(["clippy", "--quiet", "--workspace", "--all-targets"])
                .args(["--", "--deny", "warnings"])
                .env("SQLX_OFFLINE", "true"),
        )
    })?;
    stages.run("documentation", || {
        process::run(
            process::cargo()
                .args([
                    "doc",
                    "--quiet",
                    "--workspace",
                    "--no-deps",
                    "--document-private-items",
                ])
                .env("RUSTDOCFLAGS", "--deny warnings")
                .env("SQLX_OFFLINE", "true"),
        )
    })?;
    stages.run("SQL against the migrations", sqlx::check)
}
