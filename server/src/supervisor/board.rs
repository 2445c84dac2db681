//! What each part is doing, kept in a file for `longshore status`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use longshore_control::Clock;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::part::Part;

/// What a part is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It waits for another part.
    Waiting,
    /// It is being prepared and started.
    Starting,
    /// Its process runs.
    Running,
    /// It ended and will be started again after a pause.
    Restarting,
    /// It was told to end.
    Stopped,
}

impl Phase {
    /// The word for people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Stopped => "stopped",
        }
    }
}

/// One part's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartState {
    /// Which part.
    pub part: Part,
    /// What it is doing.
    pub phase: Phase,
    /// Its process.
    pub pid: Option<u32>,
    /// The user it runs as.
    pub user: String,
    /// Since when it is in this phase.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// How often it was started again.
    pub restarts: u32,
    /// How it ended last.
    pub last_end: Option<String>,
}

/// The states of all parts.
#[derive(Debug)]
pub struct Board {
    file: PathBuf,
    states: Mutex<Vec<PartState>>,
}

impl Board {
    /// An empty board for this run directory.
    pub fn new(run_dir: &Path) -> Self {
        Self {
            file: file(run_dir),
            states: Mutex::new(Vec::new()),
        }
    }

    /// Changes a part's state and publishes it.
    pub fn update(&self, part: Part, change: impl FnOnce(&mut PartState)) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let index = states
            .iter()
            .position(|state| state.part == part)
            .unwrap_or_else(|| {
                states.push(PartState {
                    part,
                    phase: Phase::Waiting,
                    pid: None,
                    user: String::new(),
                    since: now(),
                    restarts: 0,
                    last_end: None,
                });
                states.len() - 1
            });
        let before = states[index].phase;
        change(&mut states[index]);
        if states[index].phase != before {
            states[index].since = now();
        }
        if let Err(error) = publish(&self.file, &states) {
            tracing::warn!(%error, file = %self.file.display(), "cannot publish the parts' states");
        }
    }

    /// Takes the board down.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// The states that the supervisor of this run directory published last.
pub fn read(run_dir: &Path) -> Vec<PartState> {
    fs::read(file(run_dir))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

fn file(run_dir: &Path) -> PathBuf {
    run_dir.join("parts.json")
}

fn publish(file: &Path, states: &[PartState]) -> io::Result<()> {
    let next = file.with_extension("json.next");
    fs::write(&next, serde_json::to_vec(states)?)?;
    fs::rename(next, file)
}

fn now() -> OffsetDateTime {
    Clock::system().now()
}
