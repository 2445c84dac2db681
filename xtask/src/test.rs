//! `cargo xtask test`: from a fresh clone to green.

use crate::engine::Engine;
use crate::postgres::Postgres;
use crate::stages::Stages;
use crate::{checks, fixtures, frontend, packages, process};

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Options {
    /// Leave out the checks; only tests.
    #[arg(long)]
    no_checks: bool,
    /// Kill every part in every stage, instead of some.
    #[arg(long)]
    all_faults: bool,
    /// What to give to `cargo test` instead of `--workspace`, for example `-p longshore-agent`.
    #[arg(last = true)]
    cargo_test: Vec<String>,
}

/// Runs every stage, prints what each took, and removes what it started.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut stages = Stages::default();
    stages.run("packages", packages::install)?;
    stages.run("front end: build", frontend::build)?;
    if !options.no_checks {
        checks::run_all(&mut stages)?;
    }
    stages.run("build", || build(options))?;
    let engine = stages.run("test engine", Engine::for_this_run)?;
    stages.run("fixtures", || fixtures::ensure(&engine.docker()))?;
    let postgres = stages.run("PostgreSQL", Postgres::start)?;
    stages.run("tests", || test(options, &engine, &postgres))?;
    stages.run("clean up", || {
        drop(engine);
        drop(postgres);
        Ok(())
    })?;
    stages.print();
    Ok(())
}

/// The whole table of faults: the test that is otherwise run for some of them.
pub fn chaos() -> anyhow::Result<()> {
    let arguments = [
        "-p",
        "longshore-e2e",
        "--test",
        "faults",
        "--",
        "--nocapture",
    ];
    run(&Options {
        no_checks: true,
        all_faults: true,
        cargo_test: arguments.map(str::to_owned).to_vec(),
    })
}

/// The binaries that whole-system tests start, and the tests.
fn build(options: &Options) -> anyhow::Result<()> {
    process::run(
        process::cargo()
            .args([
                "build",
                "--quiet",
                "--workspace",
                "--bins",
                "--exclude=xtask",
            ])
            .env("SQLX_OFFLINE", "true"),
    )?;
    process::run(
        process::cargo()
            .args(["test", "--quiet", "--no-run"])
            .args(selection(options))
            .env("SQLX_OFFLINE", "true"),
    )
}

fn test(options: &Options, engine: &Engine, postgres: &Postgres) -> anyhow::Result<()> {
    let cargo = process::cargo();
    let mut inside = engine.command(&cargo.get_program().to_string_lossy());
    if options.all_faults {
        inside.env("LONGSHORE_TEST_ALL_FAULTS", "1");
    }
    process::run(
        inside
            .args(["test", "--no-fail-fast"])
            .args(selection(options))
            .env("SQLX_OFFLINE", "true")
            .env("DATABASE_URL", postgres.url())
            .env("LONGSHORE_TEST_COMPOSE", fixtures::compose()?),
    )
}

fn selection(options: &Options) -> Vec<&str> {
    if options.cargo_test.is_empty() {
        return vec!["--workspace"];
    }
    options.cargo_test.iter().map(String::as_str).collect()
}
