//! The processes of terminals, and their end.
//!
//! Docker does not end an exec'd process when whoever attached to it goes away. Each process
//! of a terminal is known by a variable of its environment, which what it starts inherits,
//! so that the end finds them all, also those that left the terminal's session.

use std::fs;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::time::{Instant, sleep};

/// The variable that the processes of a terminal carry.
const MARK: &str = "LONGSHORE_TERMINAL";
/// Between SIGHUP and SIGKILL.
const GRACE: Duration = Duration::from_secs(1);
/// When to give up on processes that even SIGKILL does not end.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// What a terminal's processes carry in their environment.
pub(super) fn mark(instance: &str, terminal: uuid::Uuid) -> String {
    format!("{MARK}={instance}.{terminal}")
}

/// What the processes of all terminals of an instance carry the start of.
pub(super) fn mark_of_all(instance: &str) -> String {
    format!("{MARK}={instance}.")
}

/// Ends all processes with a variable that begins so, and returns when they are gone.
pub(super) async fn end(mark: &str) {
    let began = Instant::now();
    loop {
        let signal = if began.elapsed() < GRACE {
            Signal::HUP
        } else {
            Signal::KILL
        };
        let needle = mark.to_owned();
        let found = tokio::task::spawn_blocking(move || signal_all(&needle, signal)).await;
        match found {
            Ok(0) => return,
            Ok(count) if began.elapsed() > PATIENCE => {
                tracing::warn!(count, "processes of a terminal do not end");
                return;
            }
            Ok(_) => sleep(PAUSE).await,
            Err(error) => {
                tracing::error!(%error, "processes of a terminal cannot be ended");
                return;
            }
        }
    }
}

/// Sends a signal to all of them; tells how many there are. Reads files of `/proc`.
fn signal_all(mark: &str, signal: Signal) -> usize {
    let Ok(entries) = fs::read_dir("/proc") else {
        return 0;
    };
    let found: Vec<OwnedFd> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .filter_map(|pid| marked(pid, mark.as_bytes()))
        .collect();
    for process in &found {
        // One that has ended in the meantime needs no signal.
        let _ = pidfd_send_signal(process, signal);
    }
    found.len()
}

/// A handle of a process if it carries the mark. The handle is taken before the look, so that
/// no other process can have got the number in between.
fn marked(pid: Pid, mark: &[u8]) -> Option<OwnedFd> {
    let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).ok()?;
    environment
        .split(|byte| *byte == 0)
        .any(|variable| variable.starts_with(mark))
        .then_some(handle)
}
