//! Commands that a person lets run once in a container of the live image.

use longshore_domain::run::RunSettings;
use longshore_domain::{JobId, Permission, ServiceId};
use longshore_store::deployments;
use longshore_store::events::{self, Event};
use longshore_store::jobs::{self, JobRecord, NewJob};
use longshore_store::services::{self, ServiceRecord};

use crate::access::Authorized;
use crate::problems::Problems;
use crate::transaction::note;
use crate::{Actor, Control, ControlError, JobDraft, JobView, Result};

/// Jobs of one service at once.
const MOST_AT_ONCE: i64 = 5;
/// Jobs of one service that are remembered.
const KEPT: i64 = 50;
/// The longest that a job may take: a day.
const LONGEST_SECONDS: u32 = 86_400;

impl Control {
    /// Lets a command run once, in a container of its own from the live version's image.
    ///
    /// # Errors
    /// The problems of the fields; [`ControlError::Refused`] when nothing is live, or too many
    /// run already.
    pub async fn request_job(
        &self,
        actor: &Actor,
        service: ServiceId,
        draft: JobDraft,
    ) -> Result<JobView> {
        let mut transaction = self.begin().await?;
        services::lock(&mut transaction, service).await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut transaction, actor, service, Permission::Change)
                .await?;
        let id = service.get().id;
        let timeout_seconds = check(&draft)?;
        if deployments::list_live(&mut transaction, &[id])
            .await?
            .is_empty()
        {
            return Err(ControlError::refused(
                "No version is live whose image could be used. Deploy it first.",
            ));
        }
        if jobs::count_unfinished(&mut transaction, id).await? >= MOST_AT_ONCE {
            return Err(ControlError::refused(format!(
                "{MOST_AT_ONCE} jobs of this service have not ended. Wait, or cancel one."
            )));
        }
        let job = NewJob {
            id: JobId::generate(),
            team: service.team(),
            service: id,
            command: &draft.command,
            timeout_seconds,
            requested_by: actor.user,
        };
        jobs::insert(&mut transaction, &job, KEPT).await?;
        let target = format!("job:{}", job.id);
        note(&mut transaction, actor, &service, "job.request", &target).await?;
        events::notify(&mut transaction, &[Event::Machine]).await?;
        let record = jobs::find(&mut transaction, service.team(), job.id).await?;
        self.commit(transaction).await?;
        record.map(view).ok_or(ControlError::NotFound)
    }

    /// The jobs of a service, the newest first, without what they wrote.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn list_jobs(&self, actor: &Actor, service: ServiceId) -> Result<Vec<JobView>> {
        let mut connection = self.connection().await?;
        let service =
            Authorized::<ServiceRecord>::load(&mut connection, actor, service, Permission::View)
                .await?;
        let records = jobs::list(&mut connection, service.team(), service.get().id).await?;
        Ok(records.into_iter().map(view).collect())
    }

    /// A job with what it wrote.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub async fn show_job(&self, actor: &Actor, id: JobId) -> Result<JobView> {
        let mut connection = self.connection().await?;
        let job =
            Authorized::<JobRecord>::load(&mut connection, actor, id, Permission::View).await?;
        Ok(view(job.into_inner()))
    }

    /// Ends a job.
    ///
    /// # Errors
    /// [`ControlError::Refused`] when it has ended.
    pub async fn cancel_job(&self, actor: &Actor, id: JobId) -> Result<JobView> {
        let mut transaction = self.begin().await?;
        let job =
            Authorized::<JobRecord>::load(&mut transaction, actor, id, Permission::Change).await?;
        if !jobs::request_cancel(&mut transaction, job.team(), id).await? {
            return Err(ControlError::refused("The job has ended already."));
        }
        let target = format!("job:{id}");
        note(&mut transaction, actor, &job, "job.cancel", &target).await?;
        events::notify(&mut transaction, &[Event::Machine]).await?;
        let record = jobs::find(&mut transaction, job.team(), id).await?;
        self.commit(transaction).await?;
        record.map(view).ok_or(ControlError::NotFound)
    }
}

fn check(draft: &JobDraft) -> Result<i32> {
    let mut problems = Problems::default();
    let run = RunSettings {
        command: Some(draft.command.clone()),
        ..RunSettings::default()
    };
    let owned = |(field, problem): (&str, String)| (field.to_owned(), problem);
    problems.extend(run.problems().into_iter().map(owned).collect());
    let seconds = draft.timeout_seconds;
    if !(1..=LONGEST_SECONDS).contains(&seconds) {
        let problem = format!("must be between 1 and {LONGEST_SECONDS}");
        problems.add("timeout_seconds", problem);
    }
    problems.finish(i32::try_from(seconds).ok())
}

fn view(record: JobRecord) -> JobView {
    JobView {
        id: record.id,
        service: record.service,
        command: record.command,
        timeout_seconds: record.timeout_seconds,
        status: record.status,
        exit_code: record.exit_code,
        message: record.message,
        log: record.log,
        queued_at: record.queued_at,
        started_at: record.started_at,
        ended_at: record.ended_at,
    }
}
