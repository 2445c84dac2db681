//! The page of jobs that run once.

use askama::Template;
use longshore_control::view::JobView;
use time::OffsetDateTime;

use super::{FieldErrors, FlashTone, Icon, Page, ServiceHead, Status, When};

/// Jobs of a service.
#[derive(Template)]
#[template(path = "service/jobs.html")]
pub struct JobsPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The jobs, the newest first.
    pub jobs: Vec<JobRow>,
    /// Whether one of them has not ended.
    pub is_busy: bool,
    /// The command as typed, an argument a line.
    pub command: String,
    /// The minutes that it may take, as typed.
    pub minutes: String,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// A job, ready to print.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// Its id.
    pub id: String,
    /// The command in a line.
    pub command: String,
    /// How it does.
    pub status: Status,
    /// What there is to say of its end; may be empty.
    pub end: String,
    /// When it was asked for.
    pub at: When,
    /// Whether it has not ended.
    pub can_cancel: bool,
    /// What it wrote.
    pub log: String,
}

impl JobRow {
    /// A job as it is now.
    pub fn new(job: &JobView, now: OffsetDateTime) -> Self {
        let status = match job.status.as_str() {
            "queued" => Status::new("tone-warn", Icon::Clock, "Queued"),
            "running" => Status::new("tone-busy", Icon::Spinner, "Running"),
            "succeeded" => Status::new("tone-good", Icon::CheckCircle, "Succeeded"),
            "cancelled" => Status::new("tone-idle", Icon::Ban, "Cancelled"),
            _ => Status::new("tone-bad", Icon::Alert, "Failed"),
        };
        let end = match (&job.message, job.exit_code) {
            (Some(message), _) => message.clone(),
            (None, Some(code)) => format!("Exit code {code}"),
            (None, None) => String::new(),
        };
        Self {
            id: job.id.to_string(),
            command: job.command.join(" "),
            status,
            end,
            at: When::new(job.queued_at, now),
            can_cancel: job.ended_at.is_none(),
            log: job.log.clone(),
        }
    }
}
