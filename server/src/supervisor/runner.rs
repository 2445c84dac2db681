//! One part's life: start, watch, start again, until told to stop.

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::board::{Board, Phase};
use super::lines::LineSink;
use super::part::Part;
use super::pid_file::{PidFile, ProcessIdentity};
use super::plan::Plan;
use super::process;

/// The pause before the first new start; it doubles with each failure in a row.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause between two starts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A part that ran this long is well: the next failure counts as the first.
const WELL_AFTER: Duration = Duration::from_mins(1);

/// Keeps one part running.
pub struct Runner {
    /// Which part.
    pub part: Part,
    /// What it needs to know.
    pub plan: Arc<Plan>,
    /// Where its state is shown.
    pub board: Arc<Board>,
    /// Where its output goes.
    pub sink: LineSink,
    /// Whether the database accepts connections: set by its runner, waited for by the server's.
    pub database_ready: watch::Sender<bool>,
    /// Carries the output.
    pub tasks: TaskTracker,
    /// Ends the part.
    pub stop: CancellationToken,
    /// Ends the part at once.
    pub give_up: CancellationToken,
}

impl Runner {
    /// Runs the part until `stop`.
    pub async fn run(self) {
        let mut failures = 0_u32;
        while !self.stop.is_cancelled() {
            if !self.dependencies_ready().await {
                break;
            }
            let started = Instant::now();
            let end = self.run_once().await;
            if self.stop.is_cancelled() {
                break;
            }
            failures = if started.elapsed() >= WELL_AFTER {
                1
            } else {
                failures + 1
            };
            let pause = pause_after(failures);
            let end = match end {
                Ok(status) => format!("ended with {status}"),
                Err(error) => format!("cannot start: {error:#}"),
            };
            tracing::error!(part = %self.part, pause_ms = pause.as_millis(), "{end}");
            self.board.update(self.part, |state| {
                state.phase = Phase::Restarting;
                state.pid = None;
                state.restarts += 1;
                state.last_end = Some(end);
            });
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
        self.pid_file().remove();
        self.board.update(self.part, |state| {
            state.phase = Phase::Stopped;
            state.pid = None;
        });
    }

    /// Waits for what the part needs; false when it is to stop meanwhile.
    async fn dependencies_ready(&self) -> bool {
        if self.part != Part::Server || self.plan.cluster.is_none() {
            return true;
        }
        let mut ready = self.database_ready.subscribe();
        tokio::select! {
            outcome = ready.wait_for(|ready| *ready) => outcome.is_ok(),
            () = self.stop.cancelled() => false,
        }
    }

    async fn run_once(&self) -> Result<ExitStatus> {
        let user = self.part.account(&self.plan).name;
        self.board.update(self.part, |state| {
            state.phase = Phase::Starting;
            state.user = user;
        });
        let program = self.part.prepare(&self.plan).await?;
        let mut child = program.spawn()?;
        if let Some(output) = child.stdout.take() {
            self.tasks.spawn(self.sink.clone().carry(output));
        }
        if let Some(errors) = child.stderr.take() {
            self.tasks.spawn(self.sink.clone().carry(errors));
        }
        let pid = child.id();
        if let Some(identity) = pid.and_then(ProcessIdentity::of) {
            self.pid_file().write(identity)?;
        }
        self.board.update(self.part, |state| {
            state.phase = Phase::Running;
            state.pid = pid;
        });
        tracing::info!(part = %self.part, pid, "started");
        let status = tokio::select! {
            status = child.wait() => status,
            () = self.announce_database(pid) => child.wait().await,
            () = self.stop.cancelled() => self.end(&mut child, program.stop_signal).await,
        };
        if self.part == Part::Database {
            self.database_ready.send_replace(false);
        }
        Ok(status?)
    }

    /// Tells when the database accepts connections, and then never returns; for other parts, it
    /// never returns at all.
    async fn announce_database(&self, pid: Option<u32>) {
        if let (Part::Database, Some(cluster), Some(pid)) = (self.part, &self.plan.cluster, pid) {
            cluster.ready(pid).await;
            tracing::info!("the database accepts connections");
            self.database_ready.send_replace(true);
        }
        std::future::pending::<()>().await;
    }

    async fn end(&self, child: &mut Child, ask: Signal) -> std::io::Result<ExitStatus> {
        if let Some(pid) = child.id() {
            process::signal(pid, ask)?;
        }
        tokio::select! {
            outcome = timeout(self.part.patience(), child.wait()) => {
                if let Ok(status) = outcome {
                    return status;
                }
                tracing::warn!(part = %self.part, "did not end in time and is killed");
            }
            () = self.give_up.cancelled() => {}
        }
        child.start_kill()?;
        child.wait().await
    }

    fn pid_file(&self) -> PidFile {
        PidFile::new(&self.plan.config.run_dir, self.part.name())
    }
}

fn pause_after(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (SHORTEST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let pauses: Vec<_> = [1, 2, 3, 40].map(pause_after).into();
        let expected = [200, 400, 800, 30_000].map(Duration::from_millis);
        assert_eq!(pauses, expected);
    }
}
