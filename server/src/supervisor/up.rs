//! `longshore up` in the foreground.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::board::Board;
use super::directories;
use super::lines::LineSink;
use super::part::Part;
use super::pid_file::{PidFile, ProcessIdentity};
use super::plan::Plan;
use super::runner::Runner;

/// The supervisor's own name among the process-id files.
pub const SUPERVISOR: &str = "supervisor";

/// How long the last lines of output may take after the parts have ended.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Runs every part until SIGTERM or SIGINT. With `echo`, the parts' output also goes to stderr.
///
/// # Errors
/// When another supervisor runs, or the directories cannot be made.
pub async fn foreground(plan: Plan, echo: bool) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let supervision = Supervision::start(plan, echo).await?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping; a second signal kills the parts at once");
    let give_up = supervision.give_up.clone();
    let stop = supervision.stop();
    tokio::pin!(stop);
    tokio::select! {
        () = &mut stop => return Ok(()),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    give_up.cancel();
    stop.await;
    Ok(())
}

/// The running parts.
pub struct Supervision {
    plan: Arc<Plan>,
    board: Arc<Board>,
    running: Vec<(CancellationToken, JoinHandle<()>)>,
    tasks: TaskTracker,
    give_up: CancellationToken,
    // Held for as long as we run; the system releases it however we end.
    _lock: File,
}

impl Supervision {
    /// Makes the directories, ends what an earlier supervisor left, and starts the parts.
    ///
    /// # Errors
    /// When another supervisor runs, or the directories cannot be made.
    pub async fn start(plan: Plan, echo: bool) -> Result<Self> {
        directories::make(&plan.config, &plan.accounts)?;
        let run_dir = plan.config.run_dir.clone();
        let lock = lock(&run_dir)?;
        end_leftovers(&run_dir).await?;
        if let Some(own) = ProcessIdentity::of(std::process::id()) {
            PidFile::new(&run_dir, SUPERVISOR).write(own)?;
        }

        let plan = Arc::new(plan);
        let board = Arc::new(Board::new(&run_dir));
        let (tasks, give_up) = (TaskTracker::new(), CancellationToken::new());
        let database_ready = watch::Sender::new(false);
        let mut running = Vec::new();
        for part in plan.parts() {
            board.update(part, |_| {});
            let stop = CancellationToken::new();
            let runner = Runner {
                part,
                plan: plan.clone(),
                board: board.clone(),
                sink: LineSink::open(&plan.config.log_dir(), part.name(), echo)
                    .context("cannot open a log file")?,
                database_ready: database_ready.clone(),
                tasks: tasks.clone(),
                stop: stop.clone(),
                give_up: give_up.clone(),
            };
            running.push((stop, tasks.spawn(runner.run())));
        }
        Ok(Self {
            plan,
            board,
            running,
            tasks,
            give_up,
            _lock: lock,
        })
    }

    /// Ends the parts, last started first.
    pub async fn stop(self) {
        for (stop, runner) in self.running.into_iter().rev() {
            stop.cancel();
            if let Err(error) = runner.await {
                tracing::error!(%error, "a part's watcher failed");
            }
        }
        self.tasks.close();
        // A grandchild may hold a pipe open; its lines are not worth waiting for.
        let _ = timeout(LAST_LINES, self.tasks.wait()).await;
        PidFile::new(&self.plan.config.run_dir, SUPERVISOR).remove();
        self.board.remove();
        tracing::info!("stopped");
    }
}

#[cfg(test)]
impl Supervision {
    /// Forgets the parts as a killed supervisor does: they go on, unwatched.
    pub(super) async fn abandon(self) {
        for (_, runner) in self.running {
            runner.abort();
            let _ = runner.await;
        }
    }
}

/// Makes sure that only one supervisor uses this run directory.
fn lock(run_dir: &std::path::Path) -> Result<File> {
    let file = File::create(run_dir.join("lock")).context("cannot make the lock file")?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        match PidFile::new(run_dir, SUPERVISOR).running() {
            Some(other) => bail!("Longshore already runs (process {})", other.pid),
            None => bail!("another Longshore is just starting or stopping; try again"),
        }
    }
    Ok(file)
}

/// Ends the parts of a supervisor that was killed, in the reverse order of their start.
///
/// # Errors
/// When they belong to somebody else.
pub async fn end_leftovers(run_dir: &std::path::Path) -> Result<bool> {
    let mut found = false;
    for part in Part::ALL.into_iter().rev() {
        let file = PidFile::new(run_dir, part.name());
        if let Some(process) = file.running() {
            found = true;
            tracing::warn!(%part, pid = process.pid, "ending what an earlier supervisor left");
            process
                .end(part.stop_signal(), part.patience())
                .await
                .with_context(|| format!("cannot end the process {} ({part})", process.pid))?;
        }
        file.remove();
    }
    Ok(found)
}
