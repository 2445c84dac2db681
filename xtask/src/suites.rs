//! Every test program of the workspace, a few at a time.
//!
//! Most of the time of whole-system tests is waiting for Docker, so cargo's way, one program after
//! the other, leaves the machine idle. A program whose source says `//! Runs alone: …` is run when
//! no other is: it kills what all use, or measures time.

use std::collections::VecDeque;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::process;

/// Programs at a time. More only make each other slow on a machine with two cores.
const LANES: usize = 2;

/// How a source says that its tests tolerate no company.
const ALONE: &str = "//! Runs alone:";

/// A test program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    name: String,
    folder: PathBuf,
    program: PathBuf,
    is_alone: bool,
}

/// How one ended.
struct Ended {
    name: String,
    took: Duration,
    is_good: bool,
}

/// What cargo says of something that it built.
#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    executable: Option<PathBuf>,
    profile: Profile,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Builds the tests of the whole workspace and gives their programs.
pub fn build() -> anyhow::Result<Vec<Suite>> {
    let told = process::output(
        process::cargo()
            .args(["test", "--workspace", "--no-run", "--quiet"])
            .args(["--message-format", "json-render-diagnostics"])
            .env("SQLX_OFFLINE", "true"),
    )?;
    told.lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .filter(|artifact| artifact.profile.test)
        .filter_map(|artifact| suite(artifact).transpose())
        .collect()
}

fn suite(artifact: Artifact) -> anyhow::Result<Option<Suite>> {
    let Some(program) = artifact.executable else {
        return Ok(None);
    };
    let folder = artifact.manifest_path.parent().context("a folder")?;
    let package = folder.file_name().context("a package")?.to_string_lossy();
    let source = std::fs::read_to_string(&artifact.target.src_path)?;
    Ok(Some(Suite {
        name: format!("{package}/{}", artifact.target.name),
        folder: folder.to_owned(),
        program,
        is_alone: source.lines().any(|line| line.starts_with(ALONE)),
    }))
}

/// Runs all of them, each with the command that `inside` makes for a program, and prints what each
/// said when it ends. Others go on when one fails.
pub fn run(suites: Vec<Suite>, inside: &(dyn Fn(&str) -> Command + Sync)) -> anyhow::Result<()> {
    let (alone, together): (Vec<_>, Vec<_>) = suites.into_iter().partition(|suite| suite.is_alone);
    let mut ended = in_lanes(together, LANES, inside)?;
    ended.extend(in_lanes(alone, 1, inside)?);
    ended.sort_by_key(|suite| std::cmp::Reverse(suite.took));
    eprintln!("\n=== seconds a test program");
    for suite in ended.iter().filter(|suite| suite.took.as_secs() > 0) {
        eprintln!("{:>8.1}  {}", suite.took.as_secs_f64(), suite.name);
    }
    let failed: Vec<&str> = ended
        .iter()
        .filter(|suite| !suite.is_good)
        .map(|suite| suite.name.as_str())
        .collect();
    if !failed.is_empty() {
        bail!("tests failed in {}", failed.join(", "));
    }
    Ok(())
}

fn in_lanes(
    suites: Vec<Suite>,
    lanes: usize,
    inside: &(dyn Fn(&str) -> Command + Sync),
) -> anyhow::Result<Vec<Ended>> {
    let waiting = Mutex::new(VecDeque::from(suites));
    let printing = Mutex::new(());
    let lane = || {
        let mut ended = Vec::new();
        loop {
            let next = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some(suite) = next else {
                return Ok(ended);
            };
            ended.push(run_one(&suite, inside, &printing)?);
        }
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        let mut ended = Vec::new();
        for lane in lanes {
            let of_lane: anyhow::Result<Vec<Ended>> = lane
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            ended.extend(of_lane?);
        }
        Ok(ended)
    })
}

fn run_one(
    suite: &Suite,
    inside: &(dyn Fn(&str) -> Command + Sync),
    printing: &Mutex<()>,
) -> anyhow::Result<Ended> {
    let start = Instant::now();
    // A test program expects its package's folder around it, as cargo does it.
    let mut command = inside("env");
    command
        .arg("--chdir")
        .arg(&suite.folder)
        .arg(&suite.program)
        .stdin(Stdio::null());
    let output = command
        .output()
        .with_context(|| format!("cannot start the tests of {}", suite.name))?;
    let took = start.elapsed();
    let _one_at_a_time = printing.lock().unwrap_or_else(PoisonError::into_inner);
    print(suite, took, &output.stdout, &output.stderr)?;
    Ok(Ended {
        name: suite.name.clone(),
        took,
        is_good: output.status.success(),
    })
}

fn print(suite: &Suite, took: Duration, stdout: &[u8], stderr: &[u8]) -> anyhow::Result<()> {
    let mut terminal = std::io::stderr().lock();
    writeln!(
        terminal,
        "\n=== {} ({:.1} s)",
        suite.name,
        took.as_secs_f64()
    )?;
    terminal.write_all(stdout)?;
    terminal.write_all(stderr)?;
    Ok(())
}
