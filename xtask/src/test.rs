//! `cargo xtask test`: from a fresh clone to green.

mod other_engines;

use std::process::Command;

use anyhow::Context as _;

use crate::engine::{self, Engine};
use crate::postgres::Postgres;
use crate::stages::Stages;
use crate::suites::{Unit, sample};
use crate::{checks, fixtures, frontend, packages, process, sources, suites};

/// Makes the command of a program inside a test engine.
type Inside<'a> = dyn Fn(&Engine, &str) -> Command + Sync + 'a;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    engine: engine::Choice,
    /// Leave out the checks; only tests.
    #[arg(long)]
    no_checks: bool,
    /// Test all lines of long tables, as parts that are killed in stages, instead of some.
    #[arg(long)]
    all_faults: bool,
    /// What to give to `cargo test` instead of `--workspace`, for example `-p longshore-agent`.
    #[arg(last = true)]
    cargo_test: Vec<String>,
}

/// Runs every stage, prints what each took, and removes what it started.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let is_whole = options.cargo_test.is_empty() && !options.no_checks;
    let mut stages = Stages::new(sources::is_first_build()? || fixtures::are_missing());
    stages.run("packages", packages::install)?;
    stages.run("front end: build", frontend::build)?;
    sources::restore()?;
    if !options.no_checks {
        checks::run_all(&mut stages)?;
    }
    let units = stages.run("build", || build(options))?;
    if is_whole {
        sources::note()?;
    }
    let engines = stages.run("test engines, fixtures", || engines(options))?;
    let postgres = stages.run("PostgreSQL", Postgres::start)?;
    let sample = if options.all_faults {
        sample::ALL.to_owned()
    } else {
        sample::of_this_run()
    };
    eprintln!(
        "{}={sample} chooses what is tested of long tables",
        sample::VARIABLE
    );
    stages
        .run("tests", || {
            test(options, units, &engines, &postgres, &sample)
        })
        .with_context(|| format!("{}={sample} had chosen", sample::VARIABLE))?;
    stages.run("clean up", || {
        drop(engines);
        drop(postgres);
        Ok(())
    })?;
    stages.print();
    if is_whole {
        sources::note()?;
        stages.judge()?;
    }
    Ok(())
}

/// The whole of each table of which a run of the tests takes a part, one after the other.
pub fn chaos(engine: engine::Choice) -> anyhow::Result<()> {
    let arguments = [
        "-p",
        "longshore-e2e",
        "--test",
        "faults",
        "--test",
        "deploy",
        "--",
        "--nocapture",
        "--test-threads=1",
        // Of `faults`, and `broken_deployments` of `deploy`.
        "deployments::",
        "stacks::",
        "cancel::",
    ];
    run(&Options {
        engine,
        no_checks: true,
        all_faults: true,
        cargo_test: arguments.map(str::to_owned).to_vec(),
    })
}

/// The tests, and the programs that whole-system tests start; gives what lanes run
/// unless some tests were selected.
fn build(options: &Options) -> anyhow::Result<Vec<Unit>> {
    if options.cargo_test.is_empty() {
        // A package's programs are built with its tests.
        return suites::build();
    }
    process::run(
        process::cargo()
            .args(["build", "--quiet", "--workspace", "--bins"])
            // There are none; asking for them makes cargo take the features that tests need, so
            // that it finds what a whole run has compiled.
            .args(["--examples", "--exclude=xtask"])
            .env("SQLX_OFFLINE", "true"),
    )?;
    process::run(
        process::cargo()
            .args(["test", "--quiet", "--no-run"])
            .args(&options.cargo_test)
            .env("SQLX_OFFLINE", "true"),
    )?;
    Ok(Vec::new())
}

/// One for selected tests, or else one for each lane.
fn engines(options: &Options) -> anyhow::Result<Vec<Engine>> {
    let first = Engine::for_this_run(options.engine.version())?;
    let further: anyhow::Result<Vec<Engine>> = if options.cargo_test.is_empty() {
        (1..engine::MOST)
            .map(|number| first.beside(number))
            .collect()
    } else {
        Ok(Vec::new())
    };
    Ok(std::iter::once(first).chain(further?).collect())
}

fn test(
    options: &Options,
    units: Vec<Unit>,
    engines: &[Engine],
    postgres: &Postgres,
    sample: &str,
) -> anyhow::Result<()> {
    let compose = fixtures::compose()?;
    let inside = &|engine: &Engine, program: &str| {
        let mut command = engine.command(program);
        command
            .env("SQLX_OFFLINE", "true")
            // A test that fails says where; the stack under it is tokio's.
            .env("RUST_BACKTRACE", "0")
            .env("DATABASE_URL", postgres.url())
            .env("LONGSHORE_TEST_COMPOSE", &compose)
            .env(sample::VARIABLE, sample);
        command
    };
    let cargo = process::cargo();
    let mut examples = inside(&engines[0], &cargo.get_program().to_string_lossy());
    examples.args(["test", "--no-fail-fast"]);
    if !options.cargo_test.is_empty() {
        return process::run(examples.args(&options.cargo_test));
    }
    let lanes: Vec<_> = engines
        .iter()
        .map(|engine| move |program: &str| inside(engine, program))
        .collect();
    let lanes: Vec<&suites::Inside<'_>> = lanes.iter().map(|lane| lane as _).collect();
    let main_job = other_engines::main_job(&units)?;
    // They mostly wait, and are done long before the tests that tolerate no company.
    let (own, others) = std::thread::scope(|scope| {
        let others = scope.spawn(|| other_engines::run(&main_job, &engines[0], &inside));
        let own = suites::run(units, &lanes);
        let others = others.join();
        (
            own,
            others.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    });
    own.and(others)?;
    // Those in the documentation are programs of rustdoc's.
    process::run(examples.args(["--quiet", "--workspace", "--doc"]))
}
