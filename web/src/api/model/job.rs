//! Jobs that run once.

use longshore_control::JobView;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// A command to run once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewJob {
    /// Program and arguments; no shell.
    pub(crate) command: Vec<String>,
    /// How long it may take; an hour when absent, a day at most.
    #[serde(default = "an_hour")]
    pub(crate) timeout_seconds: u32,
}

fn an_hour() -> u32 {
    3600
}

/// A command that runs, or ran, once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    id: Uuid,
    service: Uuid,
    command: Vec<String>,
    timeout_seconds: i32,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    status: String,
    exit_code: Option<i64>,
    /// Why it failed, when that is not the exit code.
    message: Option<String>,
    /// The end of what it wrote; not in lists.
    #[serde(skip_serializing_if = "String::is_empty")]
    log: String,
    #[serde(with = "time::serde::rfc3339")]
    queued_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    started_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
}

impl From<JobView> for Job {
    fn from(view: JobView) -> Self {
        Self {
            id: view.id.0,
            service: view.service.0,
            command: view.command,
            timeout_seconds: view.timeout_seconds,
            status: view.status,
            exit_code: view.exit_code,
            message: view.message,
            log: view.log,
            queued_at: view.queued_at,
            started_at: view.started_at,
            ended_at: view.ended_at,
        }
    }
}
