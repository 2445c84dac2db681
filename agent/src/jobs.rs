//! Deployments from source to traffic.
//!
//! [`Jobs`] knows every job, running or ended, until the server has stored its journal.
//! `run` leads one through its stages, `attempt` carries out one stage, `undo` clears
//! away what a job left that did not become live.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use longshore_agent_api::{DeployJob, JobOutcome, JobState, JobStatus};
use longshore_domain::{DeploymentId, ServiceId};
use tokio::sync::Semaphore;

use crate::drain::Drains;
use crate::journal::{Journal, Reader, Replay};
use crate::machine::Machine;
use crate::paths::Paths;
use crate::tasks::Tasks;

mod attempt;
mod job;
mod record;
mod run;
mod undo;

pub use job::Job;
pub use record::{JobRecord, Progress};

use record::JobDirectory;
use run::Run;

/// How long the server may need to store that a version went live.
const RECENTLY: Duration = Duration::from_mins(10);
/// The age of an ended job that the server has forgotten.
const STALE: Duration = Duration::from_hours(24);

/// Why a request about a job is refused.
#[derive(Debug, thiserror::Error)]
pub enum JobRefused {
    /// The agent does not know the job.
    #[error("this agent does not know the job")]
    Unknown,
    /// The job is known with another specification.
    #[error("the job is known with another specification")]
    OtherSpecification,
    /// Another job of the same service works.
    #[error("another deployment of this service is at work on the machine")]
    ServiceBusy,
    /// The job still works.
    #[error("the job has not ended")]
    NotEnded,
    /// The agent shuts down.
    #[error("the agent is shutting down")]
    ShuttingDown,
    /// The job's files cannot be written or read.
    #[error("the job's files cannot be used")]
    Files(#[from] io::Error),
}

/// When builds may begin.
#[derive(Debug, Clone, Copy)]
pub struct BuildRules {
    /// Builds at the same time.
    pub concurrency: usize,
    /// How long a build waits for free disk before its job fails.
    pub disk_wait: Duration,
}

/// All jobs of this machine.
pub struct Jobs {
    paths: Paths,
    machine: Arc<dyn Machine>,
    drains: Arc<Drains>,
    tasks: Tasks,
    builds: Semaphore,
    /// How long a build waits for free disk.
    disk_wait: Duration,
    known: Mutex<HashMap<DeploymentId, Arc<Job>>>,
    /// Held while a job is taken in, so that two do not start for one service.
    admission: tokio::sync::Mutex<()>,
    /// The version of a service that went live last, and when.
    went_live: Mutex<HashMap<ServiceId, (i32, Instant)>>,
}

impl Jobs {
    /// Takes up the jobs that an earlier agent left: ended ones can be read, others are
    /// suspended until their specification is put again. Blocking; needs a runtime.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn load(
        paths: Paths,
        machine: Arc<dyn Machine>,
        drains: Arc<Drains>,
        tasks: Tasks,
        builds: BuildRules,
    ) -> io::Result<Arc<Self>> {
        let jobs = Arc::new(Self {
            paths,
            machine,
            drains,
            tasks,
            builds: Semaphore::new(builds.concurrency.max(1)),
            disk_wait: builds.disk_wait,
            known: Mutex::default(),
            admission: tokio::sync::Mutex::default(),
            went_live: Mutex::default(),
        });
        for entry in fs::read_dir(jobs.paths.jobs())? {
            let directory = JobDirectory::new(entry?.path());
            match jobs.load_one(&directory) {
                Ok((job, replay)) => jobs.adopt(job, replay),
                Err(error) if never_began(&error) => {
                    tracing::warn!(%error, "a job that never began is removed");
                    directory.remove()?;
                }
                // What cannot be read now may be read at the next start.
                Err(error) => return Err(error),
            }
        }
        Ok(jobs)
    }

    fn load_one(&self, directory: &JobDirectory) -> io::Result<(Arc<Job>, Replay)> {
        let record = directory.record()?;
        let (journal, replay) = Journal::open(&directory.events())?;
        let state = match &replay.outcome {
            Some(outcome) => JobState::Finished {
                outcome: outcome.clone(),
            },
            None => JobState::Suspended,
        };
        let job = Job::new(
            record,
            directory.clone(),
            journal,
            state,
            self.tasks.stopping(),
        );
        job.set_components(&directory.progress().components);
        Ok((Arc::new(job), replay))
    }

    fn adopt(self: &Arc<Self>, job: Arc<Job>, replay: Replay) {
        self.lock().insert(job.record.deployment, Arc::clone(&job));
        if let Some(JobOutcome::Live { .. }) = replay.outcome {
            self.note_live(&job);
        }
        if replay.outcome.is_none() && job.directory.is_cancelled() && job.take_up() {
            let jobs = Arc::clone(self);
            self.tasks
                .spawn("cancel", async move { jobs.abandon(job, replay).await });
        }
    }

    /// Starts a job, re-attaches to it, or takes it up again.
    ///
    /// # Errors
    /// When it is known with another specification, or its service is busy.
    pub async fn put(self: &Arc<Self>, spec: DeployJob) -> Result<JobStatus, JobRefused> {
        if self.tasks.stopping().is_cancelled() {
            return Err(JobRefused::ShuttingDown);
        }
        let record = JobRecord::of(&spec);
        let _admission = self.admission.lock().await;
        if let Some(job) = self.find(spec.deployment) {
            if job.record.fingerprint != record.fingerprint {
                return Err(JobRefused::OtherSpecification);
            }
            if job.take_up() {
                match job.replay().await {
                    Ok(replay) => self.launch(Arc::clone(&job), replay, spec),
                    Err(error) => {
                        job.set_state(JobState::Suspended);
                        return Err(error.into());
                    }
                }
            }
            return Ok(job.status());
        }
        self.make_room(record.service, record.number).await?;
        let directory = JobDirectory::new(self.paths.job(spec.deployment));
        let stopping = self.tasks.stopping().clone();
        let job = blocking(move || {
            directory.create(&record)?;
            let (journal, _) = Journal::open(&directory.events())?;
            Ok(Job::new(
                record,
                directory,
                journal,
                JobState::Running,
                &stopping,
            ))
        })
        .await?;
        let job = Arc::new(job);
        self.lock().insert(spec.deployment, Arc::clone(&job));
        self.launch(Arc::clone(&job), Replay::default(), spec);
        Ok(job.status())
    }

    /// The server runs one deployment of a service at a time; a suspended earlier one
    /// was given up by it and must not block its successor.
    async fn make_room(
        self: &Arc<Self>,
        service: ServiceId,
        number: i32,
    ) -> Result<(), JobRefused> {
        for job in self.all() {
            if job.record.service != service || job.has_ended() {
                continue;
            }
            if job.record.number >= number || !job.take_up() {
                return Err(JobRefused::ServiceBusy);
            }
            let replay = job.replay().await?;
            self.abandon(job, replay).await;
        }
        Ok(())
    }

    fn launch(self: &Arc<Self>, job: Arc<Job>, replay: Replay, spec: DeployJob) {
        let journal = Arc::clone(&job.journal);
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn("journal", async move {
            tokio::select! {
                () = journal.keep_flushed() => {}
                // The run itself writes out the rest when it is suspended.
                () = stopping.cancelled() => {}
            }
        });
        let run = Run::new(Arc::clone(self), job, replay, spec);
        self.tasks.spawn("job", run.work());
    }

    /// Where a job stands.
    ///
    /// # Errors
    /// When it is unknown.
    pub fn status(&self, deployment: DeploymentId) -> Result<JobStatus, JobRefused> {
        Ok(self.find(deployment).ok_or(JobRefused::Unknown)?.status())
    }

    /// A job's events behind a sequence number.
    ///
    /// # Errors
    /// When it is unknown.
    pub fn events(&self, deployment: DeploymentId, after: u64) -> Result<Reader, JobRefused> {
        let job = self.find(deployment).ok_or(JobRefused::Unknown)?;
        Ok(job.journal.read_after(after))
    }

    /// Asks for a job's end, durably. The end comes as an event.
    ///
    /// # Errors
    /// When it is unknown or the request cannot be noted.
    pub async fn cancel(self: &Arc<Self>, deployment: DeploymentId) -> Result<(), JobRefused> {
        let job = self.find(deployment).ok_or(JobRefused::Unknown)?;
        if job.has_ended() {
            return Ok(());
        }
        // The work stops first; what is noted then survives the agent.
        job.cancel();
        let directory = job.directory.clone();
        blocking(move || directory.mark_cancelled()).await?;
        if job.take_up() {
            let replay = job.replay().await?;
            let jobs = Arc::clone(self);
            self.tasks
                .spawn("cancel", async move { jobs.abandon(job, replay).await });
        }
        Ok(())
    }

    /// Removes the journal of a job that has ended.
    ///
    /// # Errors
    /// When it is unknown or has not ended.
    pub async fn forget(&self, deployment: DeploymentId) -> Result<(), JobRefused> {
        let job = self.find(deployment).ok_or(JobRefused::Unknown)?;
        if !job.has_ended() {
            return Err(JobRefused::NotEnded);
        }
        self.lock().remove(&deployment);
        let directory = job.directory.clone();
        blocking(move || directory.remove()).await?;
        Ok(())
    }

    /// How many work at the moment.
    pub fn running(&self) -> usize {
        let is_running = |job: &&Arc<Job>| job.state() == JobState::Running;
        self.lock().values().filter(is_running).count()
    }

    /// Every job that has not ended, and the components of those that are stacks.
    pub fn unfinished(&self) -> Vec<JobRecord> {
        self.all()
            .into_iter()
            .filter(|job| !job.has_ended())
            .flat_map(|job| job.records())
            .collect()
    }

    /// Whether a job is known that has not ended.
    pub fn has_unfinished(&self, deployment: DeploymentId) -> bool {
        self.find(deployment).is_some_and(|job| !job.has_ended())
    }

    /// Whether a job with this number of a service has not ended.
    pub fn is_unfinished(&self, service: ServiceId, number: i32) -> bool {
        self.unfinished()
            .iter()
            .any(|record| record.service == service && record.number == number)
    }

    /// Ends jobs of a service that is removed; returns when they have cleared up.
    ///
    /// # Errors
    /// When the end of one cannot be noted or seen.
    pub async fn cancel_service(self: &Arc<Self>, service: ServiceId) -> Result<(), JobRefused> {
        for job in self.all() {
            if job.record.service == service && !job.has_ended() {
                let mut events = job.journal.read_after(job.journal.last_sequence());
                self.cancel(job.record.deployment).await?;
                while events.next().await?.is_some() {}
            }
        }
        self.went_live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&service);
        Ok(())
    }

    /// Writes what journals still hold and ends their readers. For the agent's end.
    pub fn close(&self) {
        for job in self.all() {
            job.journal.close();
        }
    }

    /// Notes and reports a job's end.
    async fn finish(&self, job: &Job, outcome: JobOutcome, sink: &dyn crate::stage::EventSink) {
        if matches!(outcome, JobOutcome::Live { .. }) {
            self.note_live(job);
        }
        // The state first: whoever has seen the event may start the next job at once.
        job.set_state(JobState::Finished {
            outcome: outcome.clone(),
        });
        sink.append(longshore_agent_api::JobEventKind::Finished { outcome });
        job.journal.sync().await;
    }

    fn note_live(&self, job: &Job) {
        let mut went_live = self
            .went_live
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for record in job.records() {
            went_live.insert(record.service, (record.number, Instant::now()));
        }
    }

    /// The version of a service that went live a moment ago: the server may not have
    /// stored that yet when it says what it desires.
    pub fn recently_live(&self, service: ServiceId) -> Option<i32> {
        self.went_live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&service)
            .filter(|(_, at)| at.elapsed() < RECENTLY)
            .map(|(number, _)| *number)
    }

    /// Ended jobs whose journals nobody asked for in a day, by service.
    pub fn stale(&self) -> Vec<JobRecord> {
        let is_stale = |job: &Arc<Job>| job.has_ended() && job.is_older_than(STALE);
        self.all()
            .into_iter()
            .filter(is_stale)
            .map(|job| job.record.clone())
            .collect()
    }

    fn find(&self, deployment: DeploymentId) -> Option<Arc<Job>> {
        self.lock().get(&deployment).cloned()
    }

    fn all(&self) -> Vec<Arc<Job>> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<DeploymentId, Arc<Job>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs blocking work on files.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

/// Whether a job has no readable record: it is written before anything is done.
fn never_began(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    matches!(error.kind(), NotFound | InvalidData | UnexpectedEof)
}
