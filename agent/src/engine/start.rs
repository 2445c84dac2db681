//! Starts a version and waits until all of its containers are healthy.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard::models::{ImageInspect, Service, Task, TaskState};
use bollard::query_parameters::{InspectServiceOptions, ListTasksOptionsBuilder};
use longshore_agent_api::{AgentProblem, DeployJob};
use longshore_domain::FailureKind;
use longshore_domain::compose::Restart;
use longshore_domain::health::HealthProbe;

use super::literal::make_literal;
use super::parts::Part;
use super::spec::{Ingredients, service_spec};
use super::{Engine, failed, is_absent, is_conflict, problem, refused, scale};
use crate::stage::{StageContext, StageError};

/// How often Swarm is asked.
const POLL: Duration = Duration::from_millis(25);
/// How long Swarm may have no place for a container before that counts.
const PLACEMENT_PATIENCE: Duration = Duration::from_secs(3);
/// How long a container without a health check must run to be taken for started.
const STEADY: Duration = Duration::from_millis(1500);
/// This many ends of a container make a crash loop.
const CRASHES: usize = 3;

impl Engine {
    /// Starts what comes first of a job's version and waits until all of its containers
    /// are healthy. When it was started before, only waits.
    ///
    /// # Errors
    /// The failure, its reason in the log with the container's last lines; what was started
    /// stays for the caller to remove.
    pub async fn start(
        &self,
        ctx: &StageContext,
        job: &DeployJob,
        image: &str,
    ) -> Result<(), StageError> {
        self.start_parts(ctx, job, image, &self.first_parts(job))
            .await
    }

    /// The same for given parts of a job's version.
    pub(crate) async fn start_parts(
        &self,
        ctx: &StageContext,
        job: &DeployJob,
        image: &str,
        parts: &[Part],
    ) -> Result<(), StageError> {
        ctx.or_cancelled(async {
            self.remove_release(job).await.map_err(failed)?;
            for part in parts {
                self.ensure_part(job, image, part).await.map_err(failed)?;
            }
            match &job.component {
                Some(stack) if stack.component.runs_once => self.wait_until_done(ctx, job).await,
                _ => self.wait_until_healthy(ctx, job, parts).await,
            }
        })
        .await
    }

    /// The image of a version that has been started.
    pub(crate) async fn image_of(&self, job: &DeployJob) -> Result<String, AgentProblem> {
        let found = self.swarm_service(&self.names.of_job(job)).await?;
        found
            .and_then(|found| found.spec?.task_template?.container_spec?.image)
            .ok_or_else(|| problem(FailureKind::StartFailed, "The new version is gone."))
    }

    async fn ensure_part(
        &self,
        job: &DeployJob,
        image: &str,
        part: &Part,
    ) -> Result<(), AgentProblem> {
        if let Some(service) = self.swarm_service(&part.name).await? {
            let labels = service.spec.as_ref().and_then(|spec| spec.labels.as_ref());
            if self.names.deployment_of(labels) == Some(job.deployment) {
                return Ok(());
            }
            self.delete_service(&part.name).await?;
        }
        self.check_binds(job)?;
        let image = self.image(image).await?;
        self.check_platform(&image).await?;
        let files = self.ensure_files(job).await?;
        let private = self.environment_network(job.environment).await?;
        let edge = self.edge_network().await?;
        let probe = self.probe().await?;
        let (stack, gateway) = match &job.component {
            Some(component) => (
                Some(self.stack_network(component.stack).await?),
                self.gateway().await?,
            ),
            None => (None, None),
        };
        let mut spec = service_spec(
            job,
            part,
            &Ingredients {
                names: &self.names,
                image: &image,
                probe: &probe,
                private: &private,
                edge: &edge.id,
                stack,
                gateway,
                files,
            },
        );
        scale::apply(&mut spec, job, &self.names);
        make_literal(&mut spec);
        match self.docker.create_service(spec, None).await {
            Ok(_) => Ok(()),
            Err(error) if is_conflict(&error) => Ok(()),
            Err(error) => {
                let mut problem = refused("The service", &error);
                if problem.kind == FailureKind::Internal {
                    problem.kind = FailureKind::StartFailed;
                }
                Err(problem)
            }
        }
    }

    /// A program for another processor fails in a hundred ways, none of which says so.
    async fn check_platform(&self, image: &ImageInspect) -> Result<(), AgentProblem> {
        let server = self
            .docker
            .version()
            .await
            .map_err(|error| refused("Docker's version", &error))?;
        let (Some(wanted), Some(found)) = (&server.arch, &image.architecture) else {
            return Ok(());
        };
        if found.is_empty() || found == wanted {
            return Ok(());
        }
        Err(problem(
            FailureKind::ImagePlatform,
            format!("The image is for {found} processors, but this server's are {wanted}."),
        ))
    }

    async fn wait_until_healthy(
        &self,
        ctx: &StageContext,
        job: &DeployJob,
        parts: &[Part],
    ) -> Result<(), StageError> {
        let names: Vec<String> = parts.iter().map(|part| part.name.clone()).collect();
        let replicas: u32 = parts.iter().map(|part| part.replicas).sum();
        let started = Instant::now();
        let mut said = 0;
        let mut crashes = 0;
        let mut steady = None;
        loop {
            let tasks = self.tasks(&names).await.map_err(failed)?;
            let running = tasks
                .iter()
                .filter(|task| runs(task) || has_ended_as_it_may(job, task))
                .count();
            if running >= replicas as usize {
                let since = *steady.get_or_insert_with(Instant::now);
                if has_check(job) || since.elapsed() >= STEADY {
                    return Ok(());
                }
            } else {
                steady = None;
            }
            if running > said {
                ctx.say(format!("{running} of {replicas} containers are healthy"));
                said = running;
            }
            let ended: Vec<&Task> = ended_badly(job, &tasks);
            if let Some(newest) = newest(&ended)
                && ended.len() > crashes
            {
                crashes = ended.len();
                let diagnosis = self.diagnose(job.memory_limit_bytes, newest).await;
                if diagnosis.is_final || crashes >= CRASHES || !starts_again(job, replicas, crashes)
                {
                    self.tell_last_lines(ctx, newest).await;
                    return Err(diagnosis.into_error(crashes));
                }
                ctx.say(format!("{} It is started again.", diagnosis.message));
            }
            if started.elapsed() > PLACEMENT_PATIENCE
                && let Some(reason) = tasks.iter().find_map(no_place)
            {
                return Err(StageError::failed(
                    FailureKind::NoSuitableNode,
                    format!("No machine can run the container: {reason}."),
                ));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// How many containers of a job's version have ended although they should run; none
    /// when there is no such version any more.
    pub(crate) async fn ends(&self, job: &DeployJob) -> Result<Option<usize>, AgentProblem> {
        let tasks = self.tasks(&self.first_names(job)).await?;
        let ended = ended_badly(job, &tasks).len();
        Ok((!tasks.is_empty()).then_some(ended))
    }

    /// Why the last one has, with its last lines in the log.
    pub(crate) async fn explain_end(&self, ctx: &StageContext, job: &DeployJob) -> StageError {
        let tasks = self.tasks(&self.first_names(job)).await.unwrap_or_default();
        let ended = ended_badly(job, &tasks);
        let Some(newest) = newest(&ended) else {
            return StageError::failed(FailureKind::CrashLoop, "The container is gone.");
        };
        self.tell_last_lines(ctx, newest).await;
        self.diagnose(job.memory_limit_bytes, newest)
            .await
            .into_error(ended.len())
    }

    /// Puts the last lines of a version that runs, but does not answer as it should, into
    /// the job's log.
    pub(crate) async fn tell_lines_of_running(&self, ctx: &StageContext, job: &DeployJob) {
        let tasks = self.tasks(&self.first_names(job)).await.unwrap_or_default();
        let running: Vec<&Task> = tasks.iter().filter(|task| runs(task)).collect();
        if let Some(newest) = newest(&running) {
            self.tell_last_lines(ctx, newest).await;
        }
    }

    fn first_names(&self, job: &DeployJob) -> Vec<String> {
        let parts = self.first_parts(job);
        parts.into_iter().map(|part| part.name).collect()
    }

    /// The tasks of Swarm services, also ended ones; none when one does not exist.
    pub(super) async fn tasks(&self, swarm_services: &[String]) -> Result<Vec<Task>, AgentProblem> {
        let filters = HashMap::from([("service", swarm_services.to_vec())]);
        let options = ListTasksOptionsBuilder::default().filters(&filters).build();
        match self.docker.list_tasks(Some(options)).await {
            Ok(tasks) => Ok(tasks),
            Err(error) if is_absent(&error) => Ok(Vec::new()),
            Err(error) => Err(refused("The list of containers", &error)),
        }
    }

    pub(super) async fn swarm_service(&self, name: &str) -> Result<Option<Service>, AgentProblem> {
        let found = self
            .docker
            .inspect_service(name, None::<InspectServiceOptions>)
            .await;
        match found {
            Ok(service) => Ok(Some(service)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(refused("A service", &error)),
        }
    }

    /// An image by tag or identity.
    pub(super) async fn image(&self, image: &str) -> Result<ImageInspect, AgentProblem> {
        self.docker.inspect_image(image).await.map_err(|error| {
            if is_absent(&error) {
                problem(
                    FailureKind::ImagePull,
                    format!("The image {image} is not on this server any more."),
                )
            } else {
                refused("The image", &error)
            }
        })
    }
}

/// Whether Swarm waits for a health check before it says that a container runs.
fn has_check(job: &DeployJob) -> bool {
    job.port.is_some() || matches!(job.health.probe, HealthProbe::Command { .. })
}

fn state(task: &Task) -> Option<TaskState> {
    task.status.as_ref()?.state
}

/// Whether a task runs as it should. Swarm says so of a container with a health check once
/// that has passed.
pub(super) fn runs(task: &Task) -> bool {
    state(task) == Some(TaskState::RUNNING) && task.desired_state == Some(TaskState::RUNNING)
}

pub(super) fn has_ended_badly(task: &Task) -> bool {
    matches!(
        state(task),
        Some(TaskState::FAILED | TaskState::REJECTED | TaskState::COMPLETE | TaskState::ORPHANED)
    )
}

/// Whether a container has ended without an error, as its file lets it.
fn has_ended_as_it_may(job: &DeployJob, task: &Task) -> bool {
    state(task) == Some(TaskState::COMPLETE)
        && job
            .component
            .as_ref()
            .is_some_and(|stack| stack.component.may_end())
}

fn ended_badly<'a>(job: &DeployJob, tasks: &'a [Task]) -> Vec<&'a Task> {
    tasks
        .iter()
        .filter(|task| has_ended_badly(task) && !has_ended_as_it_may(job, task))
        .collect()
}

/// Whether Docker starts a container again after so many ends of so many of a job's
/// containers.
pub(super) fn starts_again(job: &DeployJob, containers: u32, ends: usize) -> bool {
    let attempts = match job.component.as_ref().map(|stack| stack.component.restart) {
        Some(Restart::Never) => Some(0),
        Some(Restart::OnFailure { attempts, .. }) => attempts,
        Some(Restart::Always { .. }) => None,
        None => job.scale.restart.max_attempts.map(i64::from),
    };
    let of_each = attempts.and_then(|attempts| usize::try_from(attempts).ok());
    of_each.is_none_or(|attempts| ends <= attempts.saturating_mul(containers as usize))
}

/// The task that was made last.
pub(super) fn newest<'a>(tasks: &[&'a Task]) -> Option<&'a Task> {
    tasks.iter().max_by_key(|task| task.created_at).copied()
}

fn no_place(task: &Task) -> Option<String> {
    let error = task.status.as_ref()?.err.as_deref()?;
    let waits = matches!(state(task), Some(TaskState::PENDING | TaskState::NEW));
    (waits && error.contains("no suitable node")).then(|| super::brief(error))
}
