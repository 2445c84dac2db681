//! Which process is which: an id together with its start time, so that a reused id is not taken
//! for the process that had it before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::process;

/// How often a process that is not our child is looked at while we wait for its end.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A process, recognisable for as long as the machine is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessIdentity {
    /// The process id.
    pub pid: u32,
    /// When it started, in clock ticks since the machine's start.
    started_ticks: u64,
}

impl ProcessIdentity {
    /// The running process with this id; `None` when there is none, or only its remains.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses, which may itself hold spaces and
        // parentheses; so count from the last one.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        let started_ticks = fields.nth(18)?.parse().ok()?;
        (!matches!(state, "Z" | "X")).then_some(Self { pid, started_ticks })
    }

    /// Whether this very process still runs.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Waits for its end.
    pub async fn ended_within(self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() >= end {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    }

    /// Asks it to end, and makes it end when it does not within `patience`.
    ///
    /// # Errors
    /// When the process is not ours to signal.
    pub async fn end(self, ask: Signal, patience: Duration) -> io::Result<()> {
        if self.is_alive() {
            process::signal(self.pid, ask)?;
        }
        if !self.ended_within(patience).await {
            process::signal(self.pid, Signal::KILL)?;
            self.ended_within(Duration::from_secs(5)).await;
        }
        Ok(())
    }
}

/// A file that names a process.
#[derive(Debug, Clone)]
pub struct PidFile(PathBuf);

impl PidFile {
    /// The file of the part called `name`.
    pub fn new(run_dir: &Path, name: &str) -> Self {
        Self(run_dir.join(format!("{name}.pid")))
    }

    /// Writes the process's identity.
    ///
    /// # Errors
    /// When the directory cannot be written to.
    pub fn write(&self, process: ProcessIdentity) -> io::Result<()> {
        fs::write(
            &self.0,
            format!("{}\n{}\n", process.pid, process.started_ticks),
        )
    }

    /// The process that it names, when that still runs.
    pub fn running(&self) -> Option<ProcessIdentity> {
        let text = fs::read_to_string(&self.0).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let started_ticks = lines.next()?.trim().parse().ok()?;
        let process = ProcessIdentity { pid, started_ticks };
        process.is_alive().then_some(process)
    }

    /// Removes the file; that it is gone already is no error.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.0);
    }
}
