//! Jobs that run once, for the worker that attends to them.

use longshore_domain::JobId;
use longshore_store::deployments::{self, ClaimedRow};
use longshore_store::jobs::{self, JobEnd, JobRecord};
use longshore_store::services;

use super::ClaimedDeployment;
use crate::{Control, Result};

/// The most bytes of what a job wrote that are kept.
const LOG_MAX_BYTES: usize = 256 * 1024;
/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";

impl Control {
    /// The jobs that have not ended, without what they wrote.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn unfinished_jobs(&self) -> Result<Vec<JobRecord>> {
        let mut connection = self.connection().await?;
        Ok(jobs::list_unfinished(&mut connection).await?)
    }

    /// The live version in which a job is to run, with its variables; none when nothing is
    /// live. Credentials of the source are not in it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn version_for_job(&self, job: &JobRecord) -> Result<Option<ClaimedDeployment>> {
        let mut connection = self.connection().await?;
        let live = deployments::list_live(&mut connection, &[job.service]).await?;
        let service = services::find_for_system(&mut connection, job.service).await?;
        let (Some(live), Some(_)) = (live.first(), service) else {
            return Ok(None);
        };
        let row = ClaimedRow {
            id: live.id,
            resumed: false,
        };
        let claimed = self.assemble(&mut connection, row).await?;
        Ok(claimed.map(|claimed| ClaimedDeployment {
            git_credentials: super::GitCredentials::Anonymous,
            build_secrets: std::collections::BTreeMap::new(),
            ..claimed
        }))
    }

    /// Notes that a job runs, and the end of what it has written.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note_job(&self, job: &JobRecord, log: &str) -> Result<()> {
        let log = self.clean(job, log).await?;
        let mut connection = self.connection().await?;
        Ok(jobs::set_running(&mut connection, job.id, &log).await?)
    }

    /// Notes the end of a job, once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn finish_job(&self, job: &JobRecord, end: JobEnd) -> Result<()> {
        let log = match &end.log {
            Some(log) => Some(self.clean(job, log).await?),
            None => None,
        };
        let mut connection = self.connection().await?;
        let id: JobId = job.id;
        Ok(jobs::finish(&mut connection, id, &JobEnd { log, ..end }).await?)
    }

    /// The end of a log without secrets.
    async fn clean(&self, job: &JobRecord, log: &str) -> Result<String> {
        let mut text = log.replace('\0', "");
        if let Some(version) = self.version_for_job(job).await? {
            for secret in &version.redact {
                text = text.replace(secret.expose(), REDACTED);
            }
        }
        if text.len() > LOG_MAX_BYTES {
            let mut start = text.len() - LOG_MAX_BYTES;
            while !text.is_char_boundary(start) {
                start += 1;
            }
            text = format!("[the beginning is left out]\n{}", &text[start..]);
        }
        Ok(text)
    }
}
