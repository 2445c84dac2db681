//! Commands that run once, and what came of them.

use axum::extract::State;
use longshore_control::{Control, JobDraft, JobView, ServiceView};
use longshore_domain::{JobId, ServiceId};

use super::answer::{Answer, page, refused, see_other};
use super::fields::Fields;
use super::path::Id;
use super::problems::explain;
use super::services::{frame, turn_back};
use super::view::{FieldErrors, JobRow, JobsPage, ServiceHead};
use super::visit::Signed;

/// What a person waits for when nothing else is said: an hour.
const USUAL_MINUTES: &str = "60";

/// The form and the history.
pub async fn index(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
) -> Answer {
    let service = control.show_service(&signed.actor, id).await?;
    let jobs = rows(&control, &signed, id).await?;
    let form = (String::new(), USUAL_MINUTES.to_owned());
    Ok(page(&jobs_page(
        signed,
        &service,
        jobs,
        form,
        FieldErrors::none(),
    )))
}

async fn rows(
    control: &Control,
    signed: &Signed,
    id: ServiceId,
) -> Result<Vec<JobRow>, super::PageError> {
    let mut jobs: Vec<JobView> = control.list_jobs(&signed.actor, id).await?;
    // The newest one shows what it writes.
    if let Some(newest) = jobs.first_mut() {
        *newest = control.show_job(&signed.actor, newest.id).await?;
    }
    Ok(jobs
        .iter()
        .map(|job| JobRow::new(job, signed.now))
        .collect())
}

fn jobs_page(
    signed: Signed,
    service: &ServiceView,
    jobs: Vec<JobRow>,
    (command, minutes): (String, String),
    errors: FieldErrors,
) -> JobsPage {
    JobsPage {
        page: frame(signed.frame, service, "Run once"),
        service: ServiceHead::new(service, "jobs"),
        is_busy: jobs.iter().any(|job| job.can_cancel),
        jobs,
        command,
        minutes,
        errors,
    }
}

/// Runs a command once.
pub async fn create(
    State(control): State<Control>,
    signed: Signed,
    Id(id): Id<ServiceId>,
    fields: Fields,
) -> Answer {
    let command = fields.text("command");
    let minutes = fields.trimmed("minutes");
    let draft = JobDraft {
        command: command
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect(),
        timeout_seconds: minutes
            .parse::<u32>()
            .ok()
            .and_then(|minutes| minutes.checked_mul(60))
            .unwrap_or(0),
    };
    match control.request_job(&signed.actor, id, draft).await {
        Ok(_) => Ok(see_other(&format!("/services/{id}/jobs"))),
        Err(error) => {
            let errors = explain(error)?.renamed("timeout_seconds", "minutes");
            let service = control.show_service(&signed.actor, id).await?;
            let jobs = rows(&control, &signed, id).await?;
            let form = (command, minutes);
            Ok(refused(&jobs_page(signed, &service, jobs, form, errors)))
        }
    }
}

/// Shows one with what it wrote.
pub async fn show(State(control): State<Control>, signed: Signed, Id(id): Id<JobId>) -> Answer {
    let job = control.show_job(&signed.actor, id).await?;
    let service = control.show_service(&signed.actor, job.service).await?;
    let jobs = vec![JobRow::new(&job, signed.now)];
    let form = (job.command.join("\n"), USUAL_MINUTES.to_owned());
    Ok(page(&jobs_page(
        signed,
        &service,
        jobs,
        form,
        FieldErrors::none(),
    )))
}

/// Ends one.
pub async fn cancel(State(control): State<Control>, signed: Signed, Id(id): Id<JobId>) -> Answer {
    let job = control.show_job(&signed.actor, id).await?;
    let place = format!("/services/{}/jobs", job.service);
    match control.cancel_job(&signed.actor, id).await {
        Ok(_) => {
            signed.done("The job is being ended.").await;
            Ok(see_other(&place))
        }
        Err(error) => turn_back(&signed, error, &place).await,
    }
}
