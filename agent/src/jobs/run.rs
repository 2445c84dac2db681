//! Leads one job through its stages.

use std::sync::Arc;
use std::time::Duration;

use longshore_agent_api::{
    DeployJob, GitCredentials, JobEventKind, JobOutcome, JobState, LogStream, Origin, WireSecret,
};
use longshore_domain::{Failure, FailureKind, Stage, Strategy};

use super::attempt::{End, StageClock, attempt};
use super::job::Job;
use super::record::{Progress, Source};
use super::undo::Leftovers;
use super::{Jobs, blocking};
use crate::build::Image;
use crate::journal::{JobSink, Replay};
use crate::redact::Redactor;
use crate::stage::EventSink;

mod build_turn;
mod make_way;
mod stack;
mod unpack;

/// One job at work.
pub(super) struct Run {
    jobs: Arc<Jobs>,
    job: Arc<Job>,
    sink: Arc<JobSink>,
    /// What earlier attempts did, and this one.
    done: Replay,
    progress: Progress,
    spec: DeployJob,
}

impl Run {
    pub(super) fn new(jobs: Arc<Jobs>, job: Arc<Job>, done: Replay, spec: DeployJob) -> Self {
        let journal = Arc::clone(&job.journal);
        let sink = JobSink::new(journal, redactor(&spec), done.release_lines);
        Self {
            jobs,
            job,
            sink: Arc::new(sink),
            done,
            progress: Progress::default(),
            spec,
        }
    }

    /// Works until the job has ended or the agent shuts down.
    pub(super) async fn work(mut self) {
        let directory = self.job.directory.clone();
        self.progress = blocking(move || Ok(directory.progress()))
            .await
            .unwrap_or_default();
        let outcome = match self.all_stages().await {
            Ok(image) => JobOutcome::Live {
                image: image.tag,
                digest: image.digest,
            },
            Err(End::Stopped) if !self.job.is_cancelled() => {
                self.job.set_state(JobState::Suspended);
                self.job.journal.sync().await;
                return;
            }
            Err(End::Stopped) => {
                self.clear_away().await;
                JobOutcome::Cancelled
            }
            Err(End::Failed(failure)) => {
                tracing::info!(deployment = %self.spec.deployment, kind = failure.kind.as_str(),
                    message = failure.message, "a deployment failed");
                self.clear_away().await;
                JobOutcome::Failed { failure }
            }
        };
        self.jobs.remove_work_tree(self.spec.deployment).await;
        self.jobs.finish(&self.job, outcome, &*self.sink).await;
    }

    async fn all_stages(&mut self) -> Result<Image, End> {
        if self.spec.stack.is_some() {
            // It holds the jobs of all components: too large for the stack of all callers.
            return Box::pin(self.stack_stages()).await;
        }
        self.fetch().await?;
        let image = self.image().await?;
        if self.spec.release_command.is_some() {
            self.release(&image).await?;
        }
        self.start(&image).await?;
        self.verify().await?;
        self.switch().await?;
        self.retire_others().await;
        Ok(image)
    }

    async fn fetch(&mut self) -> Result<(), End> {
        let stage = Stage::Fetching;
        if let Origin::Upload { archive, .. } = &self.spec.origin {
            let archive = archive.clone();
            return self.unpack(&archive).await;
        }
        let Origin::Git {
            commit, repository, ..
        } = &mut self.spec.origin
        else {
            return Ok(());
        };
        let is_pinned = repository.host_key.is_some();
        let work_tree = self.jobs.paths.work_tree(self.spec.deployment);
        let has_image = self.done.has_finished(Stage::Building) && self.progress.image.is_some();
        // The file of a stack is read again by every attempt.
        let has_image = has_image && self.spec.stack.is_none();
        if has_image || (self.done.has_finished(stage) && work_tree.exists()) {
            return Ok(());
        }
        // A branch may have moved since an earlier attempt: its commit stays.
        if let Some(source) = &self.progress.source {
            commit.clone_from(&source.sha);
        }
        let clock = self.begin(stage);
        let limit = seconds(self.spec.limits.fetching);
        let (machine, spec) = (&self.jobs.machine, &self.spec);
        let target = work_tree.as_path();
        let checkout = attempt(&self.job, &self.sink, stage, limit, |context| async move {
            machine.fetch(&context, spec, target).await
        })
        .await?;
        self.progress.source = Some(Source {
            sha: Some(checkout.sha.clone()),
            tree: checkout.tree,
        });
        self.save_progress(stage).await?;
        if let Some(fingerprint) = checkout.host_key
            && !is_pinned
            && !self.done.has_host_key
        {
            self.emit(JobEventKind::HostKey { fingerprint });
        }
        if !self.done.has_commit {
            self.emit(JobEventKind::Commit {
                sha: checkout.sha,
                subject: checkout.subject,
                author: checkout.author,
            });
        }
        self.end(clock, stage, checkout.reused).await;
        Ok(())
    }

    async fn image(&mut self) -> Result<Image, End> {
        let stage = Stage::Building;
        if let Some(image) = &self.progress.image
            && self.done.has_finished(stage)
        {
            return Ok(image.into());
        }
        let clock = self.begin(stage);
        let image = self.make_image(stage).await?;
        self.progress.image = Some((&image).into());
        self.save_progress(stage).await?;
        if !self.done.has_image {
            self.emit(JobEventKind::Image {
                image: image.tag.clone(),
                digest: image.digest.clone(),
                size_bytes: image.size_bytes,
                pinned: image.pinned.clone(),
            });
        }
        self.end(clock, stage, image.reused).await;
        Ok(image)
    }

    /// Builds when that is needed and as soon as it may, or takes what there is.
    async fn make_image(&self, stage: Stage) -> Result<Image, End> {
        let work_tree = self.jobs.paths.work_tree(self.spec.deployment);
        let source = self
            .progress
            .source
            .as_ref()
            .map(|source| (work_tree.as_path(), source.tree.as_str()));
        let limit = seconds(self.spec.limits.building);
        let (machine, spec) = (&self.jobs.machine, &self.spec);
        let turn = match (&spec.origin, source) {
            (Origin::Git { .. } | Origin::Upload { .. }, Some(source)) => {
                let found = attempt(&self.job, &self.sink, stage, limit, |context| async move {
                    machine.built_before(&context, spec, source).await
                });
                if let Some(image) = found.await? {
                    return Ok(image);
                }
                Some(self.build_turn(stage).await?)
            }
            _ => None,
        };
        let image = attempt(&self.job, &self.sink, stage, limit, |context| async move {
            machine.image(&context, spec, source).await
        })
        .await;
        drop(turn);
        image
    }

    async fn release(&mut self, image: &Image) -> Result<(), End> {
        let stage = Stage::Releasing;
        if self.done.has_finished(stage) {
            return Ok(());
        }
        let clock = self.begin(stage);
        let limit = seconds(self.spec.limits.releasing);
        let (machine, spec) = (&self.jobs.machine, &self.spec);
        attempt(&self.job, &self.sink, stage, limit, |context| async move {
            machine.release(&context, spec, image).await
        })
        .await?;
        self.end(clock, stage, false).await;
        Ok(())
    }

    async fn start(&mut self, image: &Image) -> Result<(), End> {
        let stage = Stage::Starting;
        if self.done.has_finished(stage) {
            return Ok(());
        }
        let clock = self.begin(stage);
        let limit = seconds(self.spec.limits.starting) + self.spec.health.patience();
        self.note_others(stage).await?;
        let stopped: Vec<i32> = match self.spec.strategy {
            Strategy::Recreate => self.progress.stopped.iter().map(|old| old.number).collect(),
            Strategy::BlueGreen | Strategy::Rolling => Vec::new(),
        };
        let stopped = stopped.as_slice();
        let (machine, spec) = (&*self.jobs.machine, &self.spec);
        attempt(&self.job, &self.sink, stage, limit, |context| async move {
            make_way::stop_versions(machine, &context, spec.service, stopped).await?;
            machine.start(&context, spec, image).await
        })
        .await?;
        self.end(clock, stage, false).await;
        Ok(())
    }

    async fn verify(&mut self) -> Result<(), End> {
        let stage = Stage::Verifying;
        if self.done.has_finished(stage) {
            return Ok(());
        }
        let clock = self.begin(stage);
        let limit = seconds(self.spec.limits.verifying) + seconds(self.spec.settle_seconds);
        let (machine, spec) = (&self.jobs.machine, &self.spec);
        attempt(&self.job, &self.sink, stage, limit, |context| async move {
            machine.verify(&context, spec).await
        })
        .await?;
        self.end(clock, stage, false).await;
        Ok(())
    }

    async fn switch(&mut self) -> Result<(), End> {
        let stage = Stage::Switching;
        if self.done.has_finished(stage) {
            return Ok(());
        }
        let clock = self.begin(stage);
        self.tell_strategy();
        let limit = self.switch_limit();
        let (machine, spec) = (&self.jobs.machine, &self.spec);
        let previous = self.progress.previous;
        attempt(&self.job, &self.sink, stage, limit, |context| async move {
            machine.switch(&context, spec, previous).await
        })
        .await?;
        self.end(clock, stage, false).await;
        Ok(())
    }

    async fn clear_away(&self) {
        let leftovers = Leftovers {
            record: &self.job.record,
            done: &self.done,
            progress: &self.progress,
        };
        self.jobs.clear_away(leftovers, &*self.sink).await;
    }

    fn begin(&mut self, stage: Stage) -> StageClock {
        self.done.started.push(stage);
        StageClock::start(&self.sink, stage)
    }

    async fn end(&mut self, clock: StageClock, stage: Stage, reused: bool) {
        clock.finish(&self.sink, reused);
        self.job.journal.sync().await;
        self.done.finished.push(stage);
    }

    fn emit(&mut self, event: JobEventKind) {
        self.done.note(event.clone());
        self.sink.append(event);
    }

    fn say(&self, text: &str) {
        self.sink.append(JobEventKind::Line {
            stream: LogStream::System,
            text: text.to_owned(),
        });
    }

    async fn save_progress(&self, stage: Stage) -> Result<(), End> {
        let directory = self.job.directory.clone();
        let progress = self.progress.clone();
        blocking(move || directory.save_progress(&progress))
            .await
            .map_err(|error| {
                tracing::error!(%error, "a job's progress cannot be written");
                End::Failed(Failure::new(
                    Some(stage),
                    FailureKind::DiskFull,
                    "the job's progress could not be written to the disk",
                ))
            })
    }
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

/// Everything secret of a specification.
fn redactor(spec: &DeployJob) -> Redactor {
    let mut values: Vec<&str> = spec.redact.iter().map(WireSecret::expose).collect();
    values.extend(spec.registries.iter().map(|login| login.password.expose()));
    if let Some((_, build_secrets, _)) = spec.origin.build() {
        values.extend(build_secrets.values().map(WireSecret::expose));
    }
    if let Origin::Git { repository, .. } = &spec.origin {
        match &repository.credentials {
            GitCredentials::Anonymous => {}
            GitCredentials::Token { token, .. } => values.push(token.expose()),
            GitCredentials::DeployKey { private_key } => values.push(private_key.expose()),
        }
    }
    Redactor::new(values)
}
