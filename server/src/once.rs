//! Attends to jobs that run once.
//!
//! It holds no state: what is to be done, and how far it is, are in the database and in
//! Docker, so that it goes on after a restart of either part.

use longshore_agent_api::{OnceRequest, OnceState};
use longshore_control::Control;
use longshore_control::store::jobs::{JobEnd, JobRecord};

use crate::agent_client::AgentClient;
use crate::jobs::deploy_job;
use crate::look_after;
use crate::tasks::Tasks;

/// Attends to jobs.
#[derive(Clone)]
pub struct JobRunner {
    control: Control,
    agent: AgentClient,
}

impl JobRunner {
    /// Starts attending.
    pub fn start(control: &Control, agent: AgentClient, tasks: &Tasks) {
        let runner = Self {
            control: control.clone(),
            agent,
        };
        look_after::start("jobs", control, tasks, move || {
            let runner = runner.clone();
            async move { runner.pass().await }
        });
    }

    /// Looks at every job once; tells whether there is one.
    async fn pass(&self) -> longshore_control::Result<bool> {
        let jobs = self.control.unfinished_jobs().await?;
        for job in &jobs {
            self.attend(job).await?;
        }
        Ok(!jobs.is_empty())
    }

    async fn attend(&self, job: &JobRecord) -> longshore_control::Result<()> {
        if job.cancel_requested {
            return self.end(job, "cancelled", None).await;
        }
        if job.status == "queued" {
            return self.begin(job).await;
        }
        let status = match self.agent.once_status(job.service, job.id).await {
            Ok(status) => status,
            // It may run; it is looked at again when the agent is back.
            Err(error) => {
                tracing::debug!(%error, job = %job.id, "a job cannot be seen");
                return Ok(());
            }
        };
        match status.state {
            OnceState::Missing => {
                let message = "Its container is gone.".to_owned();
                self.end(job, "failed", Some(message)).await
            }
            OnceState::Running => {
                self.control.note_job(job, &status.log).await?;
                let limit = time::Duration::seconds(i64::from(job.timeout_seconds));
                let now = longshore_control::Clock::system().now();
                if job.started_at.is_some_and(|started| now - started > limit) {
                    let message = format!("It did not end within {} seconds.", job.timeout_seconds);
                    return self.end(job, "failed", Some(message)).await;
                }
                Ok(())
            }
            OnceState::Ended {
                code,
                out_of_memory,
            } => {
                let message =
                    out_of_memory.then(|| "It needed more memory than it may have.".to_owned());
                let end = JobEnd {
                    status: if code == 0 { "succeeded" } else { "failed" },
                    exit_code: Some(code),
                    message,
                    log: Some(status.log),
                };
                self.control.finish_job(job, end).await?;
                self.remove(job).await;
                Ok(())
            }
        }
    }

    async fn begin(&self, job: &JobRecord) -> longshore_control::Result<()> {
        let Some(version) = self.control.version_for_job(job).await? else {
            let message = "No version is live any longer.".to_owned();
            return self.end(job, "failed", Some(message)).await;
        };
        let request = OnceRequest {
            command: job.command.clone(),
            version: deploy_job(&version),
        };
        match self.agent.start_once(job.service, job.id, &request).await {
            Ok(()) => self.control.note_job(job, "").await,
            Err(error) => match error.refusal() {
                Some(problem) => {
                    let message = problem.message.clone();
                    self.end(job, "failed", Some(message)).await
                }
                // It waits until the agent is back.
                None => Ok(()),
            },
        }
    }

    /// Ends it whether it runs or not. Only when its container is gone is its end noted.
    async fn end(
        &self,
        job: &JobRecord,
        status: &'static str,
        message: Option<String>,
    ) -> longshore_control::Result<()> {
        if !self.remove(job).await {
            return Ok(());
        }
        let end = JobEnd {
            status,
            message,
            ..JobEnd::default()
        };
        self.control.finish_job(job, end).await
    }

    async fn remove(&self, job: &JobRecord) -> bool {
        match self.agent.remove_once(job.service, job.id).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, job = %job.id, "a job's container cannot be removed");
                false
            }
        }
    }
}
