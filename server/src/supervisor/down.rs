//! `longshore down`.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;

use super::pid_file::PidFile;
use super::process;
use super::up::{SUPERVISOR, end_leftovers};
use crate::config::Config;

/// The parts' patience together, and a little.
const PATIENCE: Duration = Duration::from_secs(70);

/// Stops the supervisor and its parts, or the parts that a killed supervisor left, and waits for
/// their end. Returns whether there was anything to stop.
///
/// # Errors
/// When they belong to somebody else, or do not end.
pub async fn down(config: &Config) -> Result<bool> {
    let Some(supervisor) = PidFile::new(&config.run_dir, SUPERVISOR).running() else {
        return end_leftovers(&config.run_dir).await;
    };
    process::signal(supervisor.pid, Signal::TERM)
        .with_context(|| format!("cannot stop the process {}", supervisor.pid))?;
    if !supervisor.ended_within(PATIENCE).await {
        bail!(
            "process {} did not end within {} s; {} has its log",
            supervisor.pid,
            PATIENCE.as_secs(),
            config.log_dir().display()
        );
    }
    Ok(true)
}
