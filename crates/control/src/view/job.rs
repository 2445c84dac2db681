//! Views of jobs.

use longshore_domain::{JobId, ServiceId};
use time::OffsetDateTime;

/// A command that runs, or ran, once.
#[derive(Debug, Clone)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// Its service.
    pub service: ServiceId,
    /// Program and arguments.
    pub command: Vec<String>,
    /// How long it may take.
    pub timeout_seconds: i32,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    pub status: String,
    /// The exit code, once it has ended by itself.
    pub exit_code: Option<i64>,
    /// Why it failed, when that is not the exit code.
    pub message: Option<String>,
    /// The end of what it wrote; empty in lists.
    pub log: String,
    /// When it was asked for.
    pub queued_at: OffsetDateTime,
    /// When it began.
    pub started_at: Option<OffsetDateTime>,
    /// When it ended.
    pub ended_at: Option<OffsetDateTime>,
}
