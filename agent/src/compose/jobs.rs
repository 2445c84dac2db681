//! Each component as a job of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bollard::Docker;
use longshore_agent_api::{DeployJob, Origin, StackComponent, StackJob};
use longshore_domain::compose::{Component, ComponentBuild, ComponentHealth, ComponentMount};
use longshore_domain::health::{HealthCheck, HealthProbe};
use longshore_domain::source::{Build, DockerfileBuild};
use longshore_domain::takeover::StrategyReason;
use longshore_domain::{AllowedBinds, EnvKey, FailureKind, Strategy};
use sha2::{Digest as _, Sha256};

use super::copies::{self, Found};
use crate::config::Config;
use crate::engine::check_host_path;
use crate::stage::{StageContext, StageError};

/// Docker's own times of a health check.
const INTERVAL_SECONDS: u32 = 30;
const TIMEOUT_SECONDS: u32 = 30;
const RETRIES: u32 = 3;

/// What the jobs are made from.
pub(super) struct Making<'a> {
    pub(super) docker: &'a Docker,
    pub(super) config: &'a Config,
    pub(super) work_tree: &'a Path,
    /// The stack's own job.
    pub(super) job: &'a DeployJob,
    pub(super) stack: &'a StackJob,
}

impl Making<'_> {
    /// A job for each component. All that is wrong comes at once.
    pub(super) async fn all(
        &self,
        ctx: &StageContext,
        components: Vec<Component>,
    ) -> Result<Vec<DeployJob>, StageError> {
        let mut problems = Vec::new();
        for route in &self.job.routes {
            if let Some(name) = &route.component
                && !components.iter().any(|component| component.name == *name)
            {
                ctx.say(format!(
                    "The domain {} leads to {name}, which does not run; it is not served.",
                    route.host
                ));
            }
        }
        let mut jobs = Vec::new();
        for component in components {
            let copied = self.mounted(ctx, component, &mut problems).await;
            let Some((component, copies)) = copied else {
                continue;
            };
            jobs.extend(self.component(component, copies, &mut problems).await);
        }
        if problems.is_empty() {
            return Ok(jobs);
        }
        for problem in &problems {
            ctx.say(problem.as_str());
        }
        Err(StageError::failed(
            FailureKind::SpecificationInvalid,
            problems.join(" "),
        ))
    }

    /// The component with copies for what it mounts of the checkout.
    async fn mounted(
        &self,
        ctx: &StageContext,
        mut component: Component,
        problems: &mut Vec<String>,
    ) -> Option<(Component, Vec<(String, PathBuf)>)> {
        let before = problems.len();
        let name = component.name.clone();
        let mut copies = Vec::new();
        let allowed = AllowedBinds::new(self.config.bind_paths.clone());
        let folder = super::copies_of(self.config, self.job.service);
        for mount in &mut component.mounts {
            match mount {
                ComponentMount::Checkout {
                    path,
                    target,
                    read_only,
                    instead,
                } => {
                    let (checkout, from) =
                        (self.work_tree.to_owned(), PathBuf::from(path.as_str()));
                    let folder = folder.clone();
                    let found = tokio::task::spawn_blocking(move || {
                        copies::copy(&checkout, &from, &folder)
                    })
                    .await;
                    match found {
                        Ok(Ok(Found::Copy(place))) => {
                            if !*read_only {
                                ctx.say(format!(
                                    "{name} may write ./{path}, a copy of the repository's files; what it writes stays until those files change. Use a named volume for data."
                                ));
                            }
                            copies.push((target.clone(), place));
                        }
                        Ok(Ok(Found::Nothing)) if !*read_only => {
                            ctx.say(format!(
                                "{name} writes ./{path}, of which the repository has no files: it is the volume {instead} of the stack."
                            ));
                            *mount = ComponentMount::Volume {
                                name: instead.clone(),
                                target: std::mem::take(target),
                                read_only: false,
                                // It begins as the image has that directory, so that a
                                // program that is not root may write it.
                                no_copy: false,
                                is_stand_in: true,
                            };
                        }
                        Ok(Ok(Found::Nothing)) => problems.push(format!(
                            "services.{name}.volumes reads ./{path}, which is not in the repository."
                        )),
                        Ok(Err(error)) => {
                            problems.push(format!("services.{name}.volumes: ./{path} {error}."));
                        }
                        Err(_) => problems.push(format!("./{path} could not be copied.")),
                    }
                }
                ComponentMount::Host { source, .. } => {
                    if let Err(reason) = check_host_path(source, &allowed, &self.config.data_dir) {
                        problems.push(format!("services.{name}.volumes: {source} {reason}."));
                    }
                }
                ComponentMount::Volume { .. }
                | ComponentMount::Anonymous { .. }
                | ComponentMount::Tmpfs { .. } => {}
            }
        }
        (problems.len() == before).then_some((component, copies))
    }

    async fn component(
        &self,
        component: Component,
        copies: Vec<(String, PathBuf)>,
        problems: &mut Vec<String>,
    ) -> Option<DeployJob> {
        let stack = self.job;
        let name = &component.name;
        let Some(host) = name.host_of(&stack.service_name) else {
            problems.push(format!(
                "services.{name} needs a name that a host can have."
            ));
            return None;
        };
        let routes: Vec<_> = stack
            .routes
            .iter()
            .filter(|route| route.component.as_ref() == Some(name))
            .cloned()
            .collect();
        let origin = match self.origin(&component).await {
            Ok(origin) => origin,
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        };
        let (strategy, strategy_reason) = if component.may_overlap(!routes.is_empty()) {
            (Strategy::BlueGreen, StrategyReason::Usual)
        } else {
            (Strategy::Recreate, StrategyReason::SingleWriterVolume)
        };
        let live = self.stack.live.iter().find(|live| live.name == *name);
        let mut job = DeployJob {
            service: name.service_of(stack.service),
            service_name: host,
            origin,
            stack: None,
            component: None,
            variables: BTreeMap::new(),
            port: routes.first().map(|route| route.port),
            command: None,
            arguments: None,
            volumes: Vec::new(),
            files: Vec::new(),
            binds: Vec::new(),
            release_command: None,
            replicas: component.replicas,
            memory_limit_bytes: component.resources.memory_bytes,
            cpu_limit_millis: None,
            health: health(component.health.as_ref()),
            strategy,
            strategy_reason,
            sticky_sessions: false,
            live_number: live.map(|live| live.number),
            routes,
            stop_grace_seconds: component.stop_grace_seconds,
            ..stack.clone()
        };
        let fingerprint = fingerprint(&job, &component, &copies);
        job.component = Some(Box::new(StackComponent {
            stack: stack.service,
            component,
            copies,
            fingerprint,
        }));
        Some(job)
    }

    /// Where a component's image comes from: an earlier version's when that is asked for,
    /// the live one's as long as the file names the same, else anew.
    async fn origin(&self, component: &Component) -> Result<Origin, String> {
        let name = &component.name;
        if let Some(again) = self.stack.again.iter().find(|again| again.name == *name) {
            return Ok(Origin::Existing {
                image: again.image.clone(),
                digest: again.digest.clone(),
            });
        }
        if let Some(build) = &component.build {
            return self.build(component, build);
        }
        let Some(reference) = component.image.clone() else {
            return Err(format!("services.{name} needs an image or a build."));
        };
        let live = self.stack.live.iter().find(|live| live.name == *name);
        if let Some(live) = live
            && !component.pull_always
            && live.reference.as_deref() == Some(reference.as_str())
            && self.docker.inspect_image(&live.digest).await.is_ok()
        {
            return Ok(Origin::Existing {
                image: live.image.clone(),
                digest: live.digest.clone(),
            });
        }
        Ok(Origin::Image { reference })
    }

    fn build(&self, component: &Component, build: &ComponentBuild) -> Result<Origin, String> {
        let place = format!("services.{}.build", component.name);
        let Origin::Git {
            repository,
            branch,
            commit,
            submodules,
            clear_cache,
            ..
        } = &self.job.origin
        else {
            return Err(format!("{place} needs a repository."));
        };
        let key = |field: &str, name: &str| {
            name.parse::<EnvKey>()
                .map_err(|problem| format!("{place}.{field}: {name} {problem}."))
        };
        let mut args = BTreeMap::new();
        for (name, value) in &build.args {
            args.insert(key("args", name)?, value.clone());
        }
        let mut build_secrets = BTreeMap::new();
        for (id, variable) in &build.secrets {
            let value = self
                .job
                .variables
                .iter()
                .find(|(key, _)| key.as_str() == variable)
                .map(|(_, value)| value.clone())
                .ok_or_else(|| format!("{place}.secrets needs the variable {variable}."))?;
            build_secrets.insert(key("secrets", id)?, value);
        }
        let recipe = DockerfileBuild {
            path: build.dockerfile.clone(),
            context: build.context.clone(),
            target: build.target.clone(),
            args,
            secrets: build_secrets.keys().cloned().collect(),
            variables: Vec::new(),
        };
        if let Some((field, problem)) = recipe.problems().into_iter().next() {
            return Err(format!("{place}.{field} {problem}."));
        }
        Ok(Origin::Git {
            repository: repository.clone(),
            branch: branch.clone(),
            commit: commit.clone(),
            submodules: *submodules,
            build: Build::Dockerfile(recipe),
            build_secrets,
            clear_cache: *clear_cache || build.no_cache,
        })
    }
}

/// How long to wait for a component's health check.
fn health(health: Option<&ComponentHealth>) -> HealthCheck {
    let Some(ComponentHealth::Test {
        test,
        interval,
        timeout,
        start_period,
        retries,
        ..
    }) = health
    else {
        return HealthCheck::default();
    };
    let seconds = |nanoseconds: &Option<i64>, usual: u32| {
        nanoseconds.map_or(usual, |nanoseconds| {
            u32::try_from((nanoseconds.max(0) + 999_999_999) / 1_000_000_000).unwrap_or(u32::MAX)
        })
    };
    HealthCheck {
        probe: if test.len() > 1 {
            HealthProbe::Command {
                argv: test[1..].to_vec(),
            }
        } else {
            HealthProbe::Auto
        },
        interval_seconds: seconds(interval, INTERVAL_SECONDS),
        timeout_seconds: seconds(timeout, TIMEOUT_SECONDS),
        start_period_seconds: seconds(start_period, 0),
        retries: retries
            .and_then(|retries| u32::try_from(retries).ok())
            .unwrap_or(RETRIES),
        ..HealthCheck::default()
    }
}

/// A digest of all that decides how a component runs, but for its image.
fn fingerprint(job: &DeployJob, component: &Component, copies: &[(String, PathBuf)]) -> String {
    let mut digest = Sha256::new();
    // A domain may come and go without new containers where the proxy reaches it anyway.
    let parts = (
        component,
        copies,
        job.port,
        &job.service_name,
        job.environment,
    );
    match serde_json::to_writer(&mut digest, &parts) {
        Ok(()) => hex::encode(digest.finalize()),
        // Types with string keys always serialise.
        Err(error) => error.to_string(),
    }
}
