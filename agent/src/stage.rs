//! What every stage of a job is given, and how it ends.

use std::sync::Arc;

use longshore_agent_api::{JobEventKind, LogStream};
use longshore_domain::FailureKind;
use tokio_util::sync::CancellationToken;

/// Takes the events of a job. The journal implements it; tests collect.
pub trait EventSink: Send + Sync {
    /// Appends an event. The journal has lines on disk within 50 ms, everything else at once.
    fn append(&self, event: JobEventKind);

    /// The output of a program that an earlier agent had begun comes once more from its
    /// first line: what of it was appended already is left out.
    fn resume_output(&self) {}
}

/// The way for a stage to tell what happens and to learn that it shall stop.
#[derive(Clone)]
pub struct StageContext {
    /// Where events go. Secrets are redacted behind it.
    pub sink: Arc<dyn EventSink>,
    /// Cancelled when the job shall stop; stages must end their real work within two
    /// seconds of it.
    pub cancel: CancellationToken,
}

impl StageContext {
    /// A line of Longshore's own.
    pub fn say(&self, text: impl Into<String>) {
        self.line(LogStream::System, text);
    }

    /// A line of output.
    pub fn line(&self, stream: LogStream, text: impl Into<String>) {
        self.sink.append(JobEventKind::Line {
            stream,
            text: text.into(),
        });
    }

    /// Any other event.
    pub fn emit(&self, event: JobEventKind) {
        self.sink.append(event);
    }

    /// Runs a future until it ends or the job is cancelled.
    ///
    /// # Errors
    /// [`StageError::Cancelled`], or the future's own error.
    pub async fn or_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, StageError>>,
    ) -> Result<T, StageError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(StageError::Cancelled),
            result = work => result,
        }
    }
}

/// How a stage ends when it does not end well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StageError {
    /// The job was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// It failed.
    #[error("{message}")]
    Failed {
        /// The kind.
        kind: FailureKind,
        /// A sentence for people, without internals.
        message: String,
    },
}

impl StageError {
    /// A failure of a kind.
    pub fn failed(kind: FailureKind, message: impl Into<String>) -> Self {
        Self::Failed {
            kind,
            message: message.into(),
        }
    }
}
