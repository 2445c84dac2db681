//! Development tasks: `cargo xtask <task>`.
//!
//! `cargo xtask test` is the whole of it: checks, front end, fixtures, the dedicated test engine and
//! every test. The other tasks are its parts. Nothing here is part of the product; this is the only
//! place, with the tests, where a shell or the `docker` program may be used.

mod bench;
mod checks;
mod dist;
mod engine;
mod fixtures;
mod frontend;
mod packages;
mod postgres;
mod pristine;
mod process;
mod sources;
mod stages;
mod suites;
mod test;
mod vm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Development tasks of Longshore")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that has to be green: the checks, the front end, and all tests in the test engine.
    Test(test::Options),
    /// The same as `test`; the name that continuous integration uses.
    Ci(test::Options),
    /// Formatting, lints, documentation, borders, SQL: what needs no test engine.
    Check(checks::Options),
    /// Make the images that tests build on, in the machine's Docker or the one at `--host`.
    Fixtures(fixtures::Options),
    /// The dedicated Docker Engine of the tests.
    #[command(subcommand)]
    Engine(engine::Task),
    /// Regenerate `.sqlx` against a scratch PostgreSQL.
    SqlxPrepare,
    /// Measure memory, sizes and speed of release programs, against their bounds.
    Bench(bench::Options),
    /// Kill every part in every stage of a deployment, and print what came of it.
    Chaos(engine::Choice),
    /// Print an installation on a machine that nobody prepared, from nothing to an app that answers.
    Pristine(pristine::Options),
    /// Run test programs, or a script, in a virtual machine with systemd and cgroups of version 2.
    Vm(vm::Options),
    /// Build the release tarball.
    Dist(dist::Options),
}

fn main() -> ExitCode {
    let result = run(Arguments::parse().task);
    if let Err(error) = result {
        // Without the backtrace that RUST_BACKTRACE adds for the programs under test.
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Test(options) | Task::Ci(options) => test::run(&options),
        Task::Check(options) => checks::run_some(&options),
        Task::Fixtures(options) => fixtures::run(&options),
        Task::Engine(task) => engine::run(task),
        Task::SqlxPrepare => checks::sqlx::prepare(),
        Task::Bench(options) => bench::run(&options),
        Task::Chaos(engine) => test::chaos(engine),
        Task::Pristine(options) => pristine::run(&options),
        Task::Vm(options) => vm::run(&options),
        Task::Dist(options) => dist::run(&options),
    }
}
