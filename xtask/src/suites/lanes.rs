//! Runs tests in lanes, each with a test engine of its own.
//!
//! Most of the time of whole-system tests is waiting for Docker, so cargo's way, one program after
//! the other, leaves the machine idle. Units of two lanes share no Docker, no network and no
//! ports; one whose source says `//! Runs alone: …` is run when no other is, because it measures
//! time.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::Unit;
use super::times::Times;

/// How many of the last lines of a failed unit are printed again at the end.
const LAST_LINES: usize = 60;

/// Makes the command of a program inside a lane's test engine.
pub type Inside<'a> = dyn Fn(&str) -> Command + Sync + 'a;

/// How a unit ended.
pub struct Ended {
    name: String,
    took: Duration,
    /// What it said last, when it failed.
    pub failure: Option<String>,
}

/// Runs all of them and prints what each said when it ends. Others go on when one fails; what the
/// failed ones said is repeated at the end.
pub fn run(units: Vec<Unit>, lanes: &[&Inside<'_>]) -> anyhow::Result<()> {
    let mut times = Times::read();
    let mut units = units;
    units.sort_by_key(|unit| std::cmp::Reverse(times.of(&unit.name)));
    let (alone, together): (Vec<_>, Vec<_>) = units.into_iter().partition(|unit| unit.is_alone);
    let start = Instant::now();
    let mut ended = in_lanes(together, lanes)?;
    let together = start.elapsed();
    let start = Instant::now();
    ended.extend(in_lanes(alone, &lanes[..1])?);
    let alone = start.elapsed();
    ended.sort_by_key(|unit| std::cmp::Reverse(unit.took));
    print_times(&ended);
    eprintln!(
        "{:>8.1}  side by side, {:.1} alone",
        together.as_secs_f64(),
        alone.as_secs_f64()
    );
    for unit in &ended {
        times.note(&unit.name, unit.took);
    }

    let mut failed = Vec::new();
    for unit in &ended {
        if let Some(said) = &unit.failure {
            eprintln!("\n=== failed: {}\n{said}", unit.name);
            failed.push(unit.name.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("tests failed in {}", failed.join(", "));
    }
    times.write()
}

/// Each unit, then each program of several units with the sum of them.
fn print_times(ended: &[Ended]) {
    let mut programs: BTreeMap<&str, (usize, Duration)> = BTreeMap::new();
    eprintln!("\n=== seconds of tests");
    for unit in ended {
        eprintln!("{:>8.1}  {}", unit.took.as_secs_f64(), unit.name);
        if let Some((program, _)) = unit.name.split_once("::") {
            let (units, sum) = programs.entry(program).or_default();
            *units += 1;
            *sum += unit.took;
        }
    }
    for (program, (units, sum)) in programs {
        eprintln!("{:>8.1}  {program}, {units} modules", sum.as_secs_f64());
    }
}

fn in_lanes(units: Vec<Unit>, lanes: &[&Inside<'_>]) -> anyhow::Result<Vec<Ended>> {
    let waiting = Mutex::new(VecDeque::from(units));
    let run_lane = |inside: &Inside<'_>| {
        let mut ended = Vec::new();
        loop {
            let next = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            let Some(unit) = next else {
                return Ok(ended);
            };
            ended.push(run_one(&unit, inside)?);
        }
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = lanes
            .iter()
            .map(|inside| scope.spawn(|| run_lane(inside)))
            .collect();
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

/// Runs one unit, and prints what it said when it has ended.
pub fn run_one(unit: &Unit, inside: &Inside<'_>) -> anyhow::Result<Ended> {
    let start = Instant::now();
    // A test program expects its package's folder around it, as cargo does it.
    let mut command = inside("env");
    command
        .arg("--chdir")
        .arg(&unit.folder)
        .arg(&unit.program)
        .stdin(Stdio::null());
    if !unit.tests.is_empty() {
        command.arg("--exact").args(&unit.tests);
    }
    let output = command
        .output()
        .with_context(|| format!("cannot start the tests of {}", unit.name))?;
    let took = start.elapsed();
    print(unit, took, &output.stdout, &output.stderr)?;
    let failure = (!output.status.success()).then(|| {
        let said = [output.stderr, output.stdout].concat();
        last_lines(&String::from_utf8_lossy(&said))
    });
    Ok(Ended {
        name: unit.name.clone(),
        took,
        failure,
    })
}

fn print(unit: &Unit, took: Duration, stdout: &[u8], stderr: &[u8]) -> anyhow::Result<()> {
    let mut terminal = std::io::stderr().lock();
    writeln!(
        terminal,
        "\n=== {} ({:.1} s)",
        unit.name,
        took.as_secs_f64()
    )?;
    terminal.write_all(stdout)?;
    terminal.write_all(stderr)?;
    Ok(())
}

/// The failed tests' own words stand last; lines of tests that went well say nothing here.
fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.ends_with(" ... ok") && !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}
