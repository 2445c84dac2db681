//! `longshore up --detach`: starts the supervisor in the background and waits until it is ready.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep};

use super::board;
use super::bounded_log;
use super::directories;
use super::part::Part;
use super::pid_file::PidFile;
use super::plan::Plan;
use super::probe;
use super::process::Program;
use super::up::SUPERVISOR;
use crate::config::Environment;

/// How long the parts may take to be ready; a first start initialises the database and the proxy.
const PATIENCE: Duration = Duration::from_mins(3);

/// How often readiness is asked for.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// A part that failed this often in a row will not be ready soon.
const HOPELESS_RESTARTS: u32 = 6;

/// Lines shown of each log when the start fails.
const SHOWN_LINES: usize = 15;

/// Starts the supervisor in the background, unless it runs already, and waits for readiness.
/// Returns whether it was started now.
///
/// # Errors
/// When it ends or does not get ready; the message has the last lines of the logs.
pub async fn detached(plan: Plan, environment: &Environment) -> Result<bool> {
    let run_dir = plan.config.run_dir.clone();
    let mut child = None;
    if PidFile::new(&run_dir, SUPERVISOR).running().is_none() {
        directories::make(&plan.config, &plan.accounts)?;
        let log = plan.config.log_dir().join("supervisor.log");
        let output = bounded_log::open_for_appending(&log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let settings = plan.config.variables();
        let program = Program::new(&plan.server_binary)
            .argument("up")
            .argument("--background")
            .variables(environment.clone())
            .variables(settings)
            .variables([("LONGSHORE_CONFIG", "/dev/null")]);
        child = Some(
            program
                .spawn_detached(output)
                .context("cannot start the supervisor")?,
        );
    }
    let started = child.is_some();

    let end = Instant::now() + PATIENCE;
    let mut last = None;
    loop {
        let answer = probe::readiness(&plan.config).await;
        let supervised = PidFile::new(&run_dir, SUPERVISOR).running().is_some();
        if supervised && answer.as_ref().is_some_and(|answer| answer.status == 200) {
            return Ok(started);
        }
        last = answer.or(last);
        if let Some(child) = &mut child
            && let Some(status) = child.try_wait()?
        {
            bail!(
                "the supervisor ended with {status}{}",
                tails(&plan, &[SUPERVISOR])
            );
        }
        let failing = board::read(&run_dir)
            .into_iter()
            .find(|state| state.restarts >= HOPELESS_RESTARTS && state.pid.is_none());
        if let Some(state) = failing {
            bail!(
                "the {} does not stay up: {}{}{STILL_TRYING}",
                state.part,
                state.last_end.unwrap_or_default(),
                tails(&plan, &[state.part.name()])
            );
        }
        if Instant::now() >= end {
            let said = match last {
                Some(answer) => format!("/readyz said {}: {}", answer.status, answer.body),
                None => format!("nothing answered at http://{}", plan.config.local_address()),
            };
            let names = [SUPERVISOR, Part::Agent.name(), Part::Server.name()];
            bail!(
                "not ready after {} s: {said}{}{STILL_TRYING}",
                PATIENCE.as_secs(),
                tails(&plan, &names)
            );
        }
        sleep(ASK_EVERY).await;
    }
}

const STILL_TRYING: &str = "\nIt keeps trying in the background: `longshore status` shows how it \
                            goes, `longshore down` ends it.";

fn tails(plan: &Plan, names: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        let path = plan.config.log_dir().join(format!("{name}.log"));
        let lines = bounded_log::tail(&path, SHOWN_LINES);
        if !lines.is_empty() {
            let _ = write!(text, "\nThe end of {}:", path.display());
        }
        for line in lines {
            let _ = write!(text, "\n    {line}");
        }
    }
    text
}
