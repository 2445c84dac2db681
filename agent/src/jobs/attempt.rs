//! One attempt at one stage: its time limit, its cancellation, its events.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use longshore_agent_api::JobEventKind;
use longshore_domain::{Failure, FailureKind, Stage};
use tokio::time::timeout;

use super::job::Job;
use crate::journal::JobSink;
use crate::stage::{EventSink, StageContext, StageError};

/// How long a stage has to end its work once it was told to.
const GRACE: Duration = Duration::from_millis(1800);

/// How a job ends when it does not become live.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its work was stopped: cancelled, or the agent shuts down.
    Stopped,
    /// It failed.
    Failed(Failure),
}

/// Carries out a stage: within its limit, until the job is stopped, and without letting
/// a panic take the job along.
pub(super) async fn attempt<T, F, Work>(
    job: &Job,
    sink: &Arc<JobSink>,
    stage: Stage,
    limit: Duration,
    work: F,
) -> Result<T, End>
where
    F: FnOnce(StageContext) -> Work,
    Work: Future<Output = Result<T, StageError>>,
{
    if job.stop.is_cancelled() {
        return Err(End::Stopped);
    }
    let context = StageContext {
        sink: Arc::clone(sink) as Arc<dyn EventSink>,
        cancel: job.stop.child_token(),
    };
    let cancel = context.cancel.clone();
    let work = AssertUnwindSafe(work(context)).catch_unwind();
    tokio::pin!(work);
    let failed = |kind, message: String| Err(End::Failed(Failure::new(Some(stage), kind, message)));
    let (result, ended_by) = tokio::select! {
        biased;
        result = &mut work => (Some(result), None),
        () = job.stop.cancelled() => {
            (timeout(GRACE, &mut work).await.ok(), Some(End::Stopped))
        }
        () = job.journal.trouble().cancelled() => {
            cancel.cancel();
            let full = Failure::new(
                Some(stage),
                FailureKind::DiskFull,
                "the job's log could not be written to the disk",
            );
            (timeout(GRACE, &mut work).await.ok(), Some(End::Failed(full)))
        }
        () = tokio::time::sleep(limit) => {
            let message = overdue(stage, limit, &sink.last_line());
            cancel.cancel();
            let late = Failure::new(Some(stage), FailureKind::Timeout, message);
            (timeout(GRACE, &mut work).await.ok(), Some(End::Failed(late)))
        }
    };
    match (result, ended_by) {
        // What was done in spite of the order to stop is done.
        (Some(Ok(Ok(value))), _) => Ok(value),
        (_, Some(end)) => Err(end),
        (Some(Ok(Err(StageError::Cancelled))), None) => {
            if job.stop.is_cancelled() {
                Err(End::Stopped)
            } else {
                failed(
                    FailureKind::Internal,
                    format!("{} stopped by itself", stage.as_str()),
                )
            }
        }
        (Some(Ok(Err(StageError::Failed { kind, message }))), None) => failed(kind, message),
        (Some(Err(_)) | None, None) => failed(
            FailureKind::Internal,
            format!("{} ended with an error of Longshore itself", stage.as_str()),
        ),
    }
}

fn overdue(stage: Stage, limit: Duration, last_line: &str) -> String {
    let stage = stage.as_str();
    let seconds = limit.as_secs();
    if last_line.is_empty() {
        format!("{stage} took longer than {seconds} seconds and said nothing")
    } else {
        format!("{stage} took longer than {seconds} seconds; it was waiting at: {last_line}")
    }
}

/// Reports a stage's beginning and, when it ended well, its end.
pub(super) struct StageClock {
    stage: Stage,
    started: Instant,
}

impl StageClock {
    pub(super) fn start(sink: &JobSink, stage: Stage) -> Self {
        sink.append(JobEventKind::StageStarted { stage });
        Self {
            stage,
            started: Instant::now(),
        }
    }

    pub(super) fn finish(self, sink: &JobSink, reused: bool) {
        sink.append(JobEventKind::StageFinished {
            stage: self.stage,
            took_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            reused,
        });
    }
}
