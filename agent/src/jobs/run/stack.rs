//! Leads a stack through its stages: all components together.
//!
//! Each component is a job of its own for the machine. What did not change goes on running;
//! the others start in the order in which they wait for each other, and the traffic moves
//! when all of them were verified.

mod name;
mod start;

use std::time::Duration;

use futures_util::future::try_join_all;
use longshore_agent_api::{DeployJob, JobEventKind, Origin, RouteUpdate};
use longshore_domain::compose::ComponentRelease;
use longshore_domain::{Failure, FailureKind, Stage, Strategy};
use sha2::{Digest as _, Sha256};

use super::make_way::to_give_way;
use super::{End, Run, seconds};
use crate::build::Image;
use crate::jobs::attempt::attempt;
use crate::jobs::blocking;
use crate::jobs::record::{ComponentProgress, JobRecord, Progress};
use crate::stage::StageError;
use name::{name_of, named, named_error, of, runs_once};
use start::Starting;

impl Run {
    /// All stages of a stack.
    pub(super) async fn stack_stages(&mut self) -> Result<Image, End> {
        self.fetch().await?;
        let jobs = self.components().await?;
        let images = self.images(&jobs).await?;
        self.start_components(&jobs, &images).await?;
        self.verify_components(&jobs).await?;
        self.switch_components(&jobs).await?;
        self.retire_components(&jobs).await;
        let components = self.release_of(&jobs, &images);
        let mut digest = Sha256::new();
        for component in &components {
            digest.update(component.name.as_str());
            digest.update(&component.digest);
        }
        self.emit(JobEventKind::Components { components });
        Ok(Image {
            tag: format!("stack:{}", self.spec.number),
            digest: format!("sha256:{}", hex::encode(digest.finalize())),
            size_bytes: 0,
            reused: false,
            pinned: None,
        })
    }

    /// Reads the Compose file. It is read again after a restart: what it says is not kept.
    async fn components(&mut self) -> Result<Vec<DeployJob>, End> {
        let stage = Stage::Fetching;
        let clock = (!self.done.has_finished(stage)).then(|| self.begin(stage));
        let work_tree = self.jobs.paths.work_tree(self.spec.deployment);
        let is_typed = matches!(self.spec.origin, Origin::Typed);
        let place = work_tree.clone();
        let prepared = blocking(move || prepare(&place, is_typed)).await;
        if let Err(error) = prepared {
            tracing::error!(%error, "a work tree cannot be prepared");
            let message = "the checkout could not be prepared on the disk";
            return Err(End::Failed(Failure::new(
                Some(stage),
                FailureKind::DiskFull,
                message,
            )));
        }
        let limit = seconds(self.spec.limits.fetching);
        let (machine, spec) = (&self.jobs.machine, &self.spec);
        let place = work_tree.as_path();
        let jobs = attempt(&self.job, &self.sink, stage, limit, |context| async move {
            machine.components(&context, spec, place).await
        })
        .await?;
        if self.progress.components.is_empty() {
            self.progress.components = jobs
                .iter()
                .map(|job| ComponentProgress {
                    record: JobRecord::of(job),
                    kept: None,
                    progress: Progress::default(),
                })
                .collect();
            self.save_progress(stage).await?;
        }
        self.job.set_components(&self.progress.components);
        if let Some(clock) = clock {
            self.end(clock, stage, false).await;
        }
        Ok(jobs)
    }

    async fn images(&mut self, jobs: &[DeployJob]) -> Result<Vec<Image>, End> {
        let stage = Stage::Building;
        let clock = (!self.done.has_finished(stage)).then(|| self.begin(stage));
        let mut images = Vec::with_capacity(jobs.len());
        for (index, job) in jobs.iter().enumerate() {
            let known = self.progress.components.get(index);
            if let Some(image) = known.and_then(|known| known.progress.image.as_ref()) {
                images.push(image.into());
                continue;
            }
            let image = self
                .component_image(stage, job)
                .await
                .map_err(|end| named(end, job))?;
            if let Some(known) = self.progress.components.get_mut(index) {
                known.progress.image = Some((&image).into());
            }
            self.save_progress(stage).await?;
            images.push(image);
        }
        if let Some(clock) = clock {
            let reused = images.iter().all(|image| image.reused);
            self.end(clock, stage, reused).await;
        }
        Ok(images)
    }

    async fn component_image(&self, stage: Stage, job: &DeployJob) -> Result<Image, End> {
        let work_tree = self.jobs.paths.work_tree(self.spec.deployment);
        let source = self
            .progress
            .source
            .as_ref()
            .map(|source| (work_tree.as_path(), source.tree.as_str()));
        let limit = seconds(self.spec.limits.building);
        let machine = &self.jobs.machine;
        let turn = match (&job.origin, source) {
            (Origin::Git { .. }, Some(source)) => {
                let found = attempt(&self.job, &self.sink, stage, limit, |context| async move {
                    machine.built_before(&of(context, job), job, source).await
                });
                if let Some(image) = found.await? {
                    return Ok(image);
                }
                Some(self.build_turn(stage).await?)
            }
            _ => None,
        };
        let image = attempt(&self.job, &self.sink, stage, limit, |context| async move {
            machine.image(&of(context, job), job, source).await
        })
        .await;
        drop(turn);
        image
    }

    /// Decides, once, what goes on and what gives way, and starts the rest.
    async fn start_components(&mut self, jobs: &[DeployJob], images: &[Image]) -> Result<(), End> {
        let stage = Stage::Starting;
        if self.done.has_finished(stage) {
            return Ok(());
        }
        let clock = self.begin(stage);
        if !self.progress.is_decided {
            self.decide(stage, jobs, images).await?;
        }
        let patience: Duration = jobs.iter().map(|job| job.health.patience()).sum();
        let once = jobs.iter().filter(|job| runs_once(job)).count();
        let limit = seconds(self.spec.limits.starting) * u32::try_from(jobs.len()).unwrap_or(1)
            + patience
            + seconds(self.spec.limits.releasing) * u32::try_from(once).unwrap_or(0);
        let starting = Starting {
            machine: &*self.jobs.machine,
            progress: &self.progress.components,
            jobs,
            images,
        };
        attempt(&self.job, &self.sink, stage, limit, |context| async move {
            starting.run(context).await
        })
        .await?;
        self.end(clock, stage, false).await;
        Ok(())
    }

    async fn decide(
        &mut self,
        stage: Stage,
        jobs: &[DeployJob],
        images: &[Image],
    ) -> Result<(), End> {
        let failed = |problem: longshore_agent_api::AgentProblem| {
            End::Failed(Failure::new(Some(stage), problem.kind, problem.message))
        };
        let mut going_on = Vec::new();
        for (index, (job, image)) in jobs.iter().zip(images).enumerate() {
            let machine = &self.jobs.machine;
            let mut decided = ComponentProgress {
                record: JobRecord::of(job),
                kept: None,
                progress: Progress {
                    image: Some(image.into()),
                    ..Progress::default()
                },
            };
            if let Some(number) = job.live_number
                && !runs_once(job)
                && machine
                    .is_unchanged(job, image, number)
                    .await
                    .map_err(failed)?
            {
                decided.kept = Some(number);
                going_on.push(name_of(job).to_string());
            } else {
                let versions = machine.versions(job.service).await.map_err(failed)?;
                let (previous, stopped) = to_give_way(job, &versions, &self.jobs.drains);
                decided.progress.previous = previous;
                decided.progress.stopped = stopped;
                decided.progress.routes.clone_from(&job.routes);
            }
            if let Some(known) = self.progress.components.get_mut(index) {
                *known = decided;
            }
        }
        if !going_on.is_empty() {
            self.say(&format!(
                "Nothing changed for {}: what runs goes on.",
                going_on.join(", ")
            ));
        }
        self.progress.is_decided = true;
        self.save_progress(stage).await?;
        self.job.set_components(&self.progress.components);
        Ok(())
    }

    async fn verify_components(&mut self, jobs: &[DeployJob]) -> Result<(), End> {
        let stage = Stage::Verifying;
        if self.done.has_finished(stage) {
            return Ok(());
        }
        let clock = self.begin(stage);
        let limit = seconds(self.spec.limits.verifying) + seconds(self.spec.settle_seconds);
        let machine = &self.jobs.machine;
        let fresh = self.fresh(jobs);
        attempt(&self.job, &self.sink, stage, limit, |context| async move {
            let runs = |job: &&DeployJob| !runs_once(job) && job.replicas > 0;
            let all = fresh.into_iter().filter(runs).map(|job| {
                let context = of(context.clone(), job);
                async move {
                    let verified = machine.verify(&context, job).await;
                    verified.map_err(|error| named_error(error, job))
                }
            });
            try_join_all(all).await.map(drop)
        })
        .await?;
        self.end(clock, stage, false).await;
        Ok(())
    }

    async fn switch_components(&mut self, jobs: &[DeployJob]) -> Result<(), End> {
        let stage = Stage::Switching;
        if self.done.has_finished(stage) {
            return Ok(());
        }
        let clock = self.begin(stage);
        let limit =
            seconds(self.spec.limits.switching) * u32::try_from(jobs.len().max(1)).unwrap_or(1);
        let machine = &self.jobs.machine;
        let all: Vec<_> = jobs.iter().zip(&self.progress.components).collect();
        attempt(&self.job, &self.sink, stage, limit, |context| async move {
            for (job, known) in all {
                if job.routes.is_empty() {
                    continue;
                }
                let context = of(context.clone(), job);
                let switched = match known.kept {
                    None => machine.switch(&context, job, known.progress.previous).await,
                    Some(live_number) => {
                        let update = RouteUpdate {
                            live_number,
                            routes: job.routes.clone(),
                        };
                        let routed = machine.set_routes(job.service, &update).await;
                        routed.map_err(|problem| StageError::failed(problem.kind, problem.message))
                    }
                };
                switched.map_err(|error| named_error(error, job))?;
            }
            Ok(())
        })
        .await?;
        self.end(clock, stage, false).await;
        Ok(())
    }

    /// Plans the removal of what the new version replaced, and of components that are gone.
    /// The new version serves by now: what cannot be planned is left to the reconciler.
    async fn retire_components(&self, jobs: &[DeployJob]) {
        let (machine, drains) = (&self.jobs.machine, &self.jobs.drains);
        let versions = match machine.stack_versions(self.spec.service).await {
            Ok(versions) => versions,
            Err(problem) => {
                tracing::warn!(%problem, "a stack's old versions cannot be listed");
                return;
            }
        };
        for (service, number) in versions {
            let found = jobs
                .iter()
                .zip(&self.progress.components)
                .find(|(job, _)| job.service == service);
            let drain = match found {
                Some((job, known)) => {
                    if number == known.kept.unwrap_or(job.number) {
                        continue;
                    }
                    match job.strategy {
                        Strategy::BlueGreen | Strategy::Rolling => seconds(job.drain_seconds),
                        Strategy::Recreate => Duration::ZERO,
                    }
                }
                None => {
                    let update = RouteUpdate {
                        live_number: number,
                        routes: Vec::new(),
                    };
                    if let Err(problem) = machine.set_routes(service, &update).await {
                        tracing::warn!(%problem, "routes of a component that is gone stay");
                    }
                    seconds(self.spec.drain_seconds)
                }
            };
            if let Err(error) = drains.schedule(service, number, drain).await {
                tracing::error!(%error, "the removal of an old version cannot be noted");
            }
        }
        if let Err(problem) = machine.tidy_stack(self.spec.service).await {
            tracing::warn!(%problem, "files of a stack stay");
        }
    }

    fn release_of(&self, jobs: &[DeployJob], images: &[Image]) -> Vec<ComponentRelease> {
        jobs.iter()
            .zip(images)
            .zip(&self.progress.components)
            .filter_map(|((job, image), known)| {
                let component = &job.component.as_ref()?.component;
                Some(ComponentRelease {
                    name: component.name.clone(),
                    service: job.service,
                    number: known.kept.unwrap_or(job.number),
                    // It has run, and must not again.
                    replicas: if component.runs_once { 0 } else { job.replicas },
                    runs_once: component.runs_once,
                    takes_requests: job.port.is_some() || component.takes_requests,
                    port: component.port.or(job.port),
                    reference: component.image.as_ref().map(ToString::to_string),
                    image: image.tag.clone(),
                    digest: image.digest.clone(),
                    volumes: component.volumes(),
                })
            })
            .collect()
    }

    /// The components that were started anew.
    fn fresh<'j>(&self, jobs: &'j [DeployJob]) -> Vec<&'j DeployJob> {
        jobs.iter()
            .zip(&self.progress.components)
            .filter(|(_, known)| known.kept.is_none())
            .map(|(job, _)| job)
            .collect()
    }
}

/// The sandbox that reads the file is nobody: it may pass through to the checkout, which
/// is otherwise closed by the directory above. Blocking.
fn prepare(work_tree: &std::path::Path, is_typed: bool) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    if is_typed && !work_tree.exists() {
        std::fs::create_dir(work_tree)?;
    }
    std::fs::set_permissions(work_tree, std::fs::Permissions::from_mode(0o755))?;
    match work_tree.parent() {
        Some(parent) => std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o711)),
        None => Ok(()),
    }
}
