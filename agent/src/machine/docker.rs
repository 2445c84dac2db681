//! The real machine: libgit2, Docker Engine with Swarm, Traefik.

mod image;
mod prepare;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use longshore_agent_api::{
    AgentProblem, CertificateStatus, CommandEnd, ContainerCommand, ContainerLine, DashboardRoute,
    DeployJob, DesiredCertificates, DesiredService, HealthTrial, HealthVerdict, OnceRequest,
    OnceStatus, Origin, RegistryLogin, RepositoryCheck, RepositoryReport, RouteUpdate,
    RunningUpdate, TerminalRequest, VersionEnds, VersionStatus, VolumeStatus,
};
use longshore_domain::{DomainName, FailureKind, JobId, ServiceId, Strategy};
use tokio::sync::watch;

use super::step_by_step::StepByStep;
use super::{Machine, MachineState, Owned};
use crate::build::{self, BuildHost, Image};
use crate::certificates::Certificates;
use crate::compose::{self, Compose};
use crate::config::Config;
use crate::disk::Shortage;
use crate::edge::Edge;
use crate::engine::Engine;
use crate::engine::terminal::Terminal;
use crate::git::{self, Checkout};
use crate::paths::Paths;
use crate::stage::{StageContext, StageError};
use crate::tasks::Tasks;

/// The real machine.
pub struct DockerMachine {
    engine: Engine,
    edge: Edge,
    certificates: Certificates,
    builds: Arc<BuildHost>,
    mirrors: PathBuf,
    config: Config,
    tasks: Tasks,
    /// Whether Swarm, networks and the proxy are there; else why not.
    prepared: watch::Sender<Result<(), String>>,
}

impl DockerMachine {
    /// Connects to Docker, which need not answer yet.
    ///
    /// # Errors
    /// When the settings name no usable Docker.
    pub fn connect(config: &Config, tasks: &Tasks) -> Result<Arc<Self>, AgentProblem> {
        let engine = Engine::connect(config)?;
        let edge = Edge::new(engine.clone(), config);
        Ok(Arc::new(Self {
            builds: Arc::new(BuildHost::new(engine.clone(), config)),
            engine,
            edge,
            certificates: Certificates::new(config, tasks),
            mirrors: Paths::new(config.agent_dir()).mirrors(),
            config: config.clone(),
            tasks: tasks.clone(),
            prepared: watch::Sender::new(Err("Docker is being prepared".to_owned())),
        }))
    }
}

#[async_trait]
impl Machine for DockerMachine {
    async fn state(&self) -> MachineState {
        let (docker_version, swarm_ready) = self.engine.state().await;
        MachineState {
            docker_version,
            swarm_ready,
            proxy_ready: self.edge.ready(),
            proxy_refusal: self.edge.refusal(),
        }
    }

    async fn check_repository(
        &self,
        check: &RepositoryCheck,
    ) -> Result<RepositoryReport, AgentProblem> {
        git::check(check).await
    }

    async fn check_registry(&self, login: &RegistryLogin) -> Result<(), AgentProblem> {
        build::check_registry(self.engine.docker(), login).await
    }

    async fn fetch(
        &self,
        context: &StageContext,
        job: &DeployJob,
        work_tree: &Path,
    ) -> Result<Checkout, StageError> {
        let Origin::Git {
            repository,
            branch,
            commit,
            submodules,
            ..
        } = &job.origin
        else {
            return Err(StageError::failed(
                FailureKind::Internal,
                "an image has no repository",
            ));
        };
        git::fetch(
            context,
            repository,
            branch,
            commit.as_ref(),
            *submodules,
            &self.mirrors,
            work_tree,
        )
        .await
    }

    async fn built_before(
        &self,
        context: &StageContext,
        job: &DeployJob,
        source: (&Path, &str),
    ) -> Result<Option<Image>, StageError> {
        let tag = self.engine.image_tag(job.service, job.number);
        match self.build_request(job, source, &tag) {
            Some(request) => build::built_before(context, self.engine.docker(), &request).await,
            None => Ok(None),
        }
    }

    async fn components(
        &self,
        context: &StageContext,
        job: &DeployJob,
        work_tree: &Path,
    ) -> Result<Vec<DeployJob>, StageError> {
        let Some(stack) = &job.stack else {
            return Ok(Vec::new());
        };
        let compose = Compose {
            config: &self.config,
            docker: self.engine.docker(),
        };
        Box::pin(compose.components(context, job, stack, work_tree)).await
    }

    async fn is_unchanged(
        &self,
        job: &DeployJob,
        image: &Image,
        number: i32,
    ) -> Result<bool, AgentProblem> {
        let Some(component) = &job.component else {
            return Ok(false);
        };
        self.engine
            .is_unchanged(job, component, &image.digest, number)
            .await
    }

    async fn has_started(&self, job: &DeployJob) -> Result<bool, AgentProblem> {
        self.engine.has_started(job).await
    }

    async fn stack_versions(
        &self,
        stack: ServiceId,
    ) -> Result<Vec<(ServiceId, i32)>, AgentProblem> {
        self.engine.stack_versions(stack).await
    }

    async fn tidy_stack(&self, stack: ServiceId) -> Result<(), AgentProblem> {
        let mounted = self.engine.stack_mounts(stack).await?;
        let folder = compose::copies_of(&self.config, stack);
        tokio::task::spawn_blocking(move || compose::remove_unused(&folder, &mounted))
            .await
            .map_err(std::io::Error::other)
            .flatten()
            .map_err(|error| AgentProblem {
                kind: FailureKind::Internal,
                message: format!("Copies of a stack's files cannot be removed: {error}."),
            })
    }

    async fn shortage(&self) -> Option<Shortage> {
        self.builds.shortage().await
    }

    async fn make_room(&self) {
        self.builds.make_room().await;
    }

    async fn image(
        &self,
        context: &StageContext,
        job: &DeployJob,
        source: Option<(&Path, &str)>,
    ) -> Result<Image, StageError> {
        self.make_image(context, job, source).await
    }

    async fn release(
        &self,
        context: &StageContext,
        job: &DeployJob,
        image: &Image,
    ) -> Result<(), StageError> {
        self.when_prepared(context).await?;
        self.engine.release(context, job, &image.digest).await
    }

    async fn start(
        &self,
        context: &StageContext,
        job: &DeployJob,
        image: &Image,
    ) -> Result<(), StageError> {
        self.when_prepared(context).await?;
        self.edge
            .announce(job)
            .await
            .map_err(crate::engine::failed)?;
        // It holds a whole Swarm specification: too large for the stack of all callers.
        Box::pin(self.engine.start(context, job, &image.digest)).await
    }

    async fn verify(&self, context: &StageContext, job: &DeployJob) -> Result<(), StageError> {
        self.when_prepared(context).await?;
        self.edge.verify(context, job).await
    }

    async fn switch(
        &self,
        context: &StageContext,
        job: &DeployJob,
        previous: Option<i32>,
    ) -> Result<(), StageError> {
        self.when_prepared(context).await?;
        match job.strategy {
            Strategy::Rolling => {
                let takeover = StepByStep {
                    engine: &self.engine,
                    edge: &self.edge,
                    context,
                    job,
                };
                Box::pin(takeover.run(previous)).await
            }
            Strategy::BlueGreen | Strategy::Recreate => self.edge.switch(context, job).await,
        }
    }

    async fn withdraw(
        &self,
        service: ServiceId,
        number: i32,
        previous: Option<RouteUpdate>,
    ) -> Result<(), AgentProblem> {
        self.edge.withdraw(service, number, previous).await
    }

    async fn remove_version(&self, service: ServiceId, number: i32) -> Result<(), AgentProblem> {
        self.engine.remove_version(service, number).await
    }

    async fn until_gone(&self, service: ServiceId, number: i32) -> Result<(), AgentProblem> {
        self.engine.until_gone(service, number).await
    }

    async fn versions(&self, service: ServiceId) -> Result<Vec<VersionStatus>, AgentProblem> {
        self.engine.versions(service).await
    }

    async fn ends(&self, service: ServiceId, number: i32) -> Result<VersionEnds, AgentProblem> {
        self.engine.version_ends(service, number).await
    }

    async fn set_running(
        &self,
        service: ServiceId,
        update: &RunningUpdate,
    ) -> Result<(), AgentProblem> {
        self.engine.set_running(service, update).await
    }

    async fn set_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<(), AgentProblem> {
        self.edge.set_routes(service, update).await
    }

    async fn drifted(&self, desired: &[DesiredService]) -> Result<Vec<ServiceId>, AgentProblem> {
        let versions = self.engine.all_versions().await?;
        let mut drifted = Vec::new();
        for one in desired {
            let Some(live_number) = one.live_number else {
                continue;
            };
            let update = RouteUpdate {
                live_number,
                routes: one.routes.clone(),
            };
            let is_as_desired = match versions.get(&(one.service, live_number)) {
                Some(version) => {
                    let replicas: u32 = version.parts.iter().map(|part| part.replicas).sum();
                    replicas == one.replicas
                        && self.edge.has_routes(one.service, &update, version).await?
                }
                None => false,
            };
            if !is_as_desired {
                drifted.push(one.service);
            }
        }
        Ok(drifted)
    }

    async fn repair_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<bool, AgentProblem> {
        self.edge.repair_routes(service, update).await
    }

    async fn remove_service(&self, service: ServiceId, volumes: bool) -> Result<(), AgentProblem> {
        // Those of a stack's components, if it is one.
        let mut components: Vec<ServiceId> = Vec::new();
        for (component, _) in self.engine.stack_versions(service).await? {
            if !components.contains(&component) {
                components.push(component);
            }
        }
        for component in &components {
            self.edge.remove_routes(*component).await?;
            self.engine.remove_service(*component, false).await?;
        }
        self.engine.remove_stack_network(service).await?;
        self.edge.remove_routes(service).await?;
        self.engine.remove_service(service, volumes).await?;
        self.tidy_stack(service).await
    }

    async fn repair_dashboard(
        &self,
        wanted: Option<&DashboardRoute>,
    ) -> Result<bool, AgentProblem> {
        self.edge.repair_dashboard(wanted).await
    }

    async fn set_certificates(&self, desired: DesiredCertificates) -> Result<(), AgentProblem> {
        self.certificates.set_desired(desired);
        Ok(())
    }

    async fn certificates(&self) -> Result<Vec<CertificateStatus>, AgentProblem> {
        Ok(self.certificates.list())
    }

    async fn retry_certificate(&self, host: &DomainName) -> Result<(), AgentProblem> {
        self.certificates.retry(host)
    }

    async fn try_health(
        &self,
        service: ServiceId,
        trial: &HealthTrial,
    ) -> Result<HealthVerdict, AgentProblem> {
        self.engine.try_health(service, trial).await
    }

    async fn command(
        &self,
        service: ServiceId,
        command: &ContainerCommand,
    ) -> Result<CommandEnd, AgentProblem> {
        self.engine.command(service, command).await
    }

    async fn open_terminal(
        &self,
        service: ServiceId,
        request: &TerminalRequest,
    ) -> Result<Terminal, AgentProblem> {
        self.engine.open_terminal(service, request).await
    }

    async fn start_once(&self, job: JobId, request: &OnceRequest) -> Result<(), AgentProblem> {
        self.engine.start_once(job, request).await
    }

    async fn once_status(&self, job: JobId) -> Result<OnceStatus, AgentProblem> {
        self.engine.once_status(job).await
    }

    async fn remove_once(&self, job: JobId) -> Result<(), AgentProblem> {
        self.engine.remove_once(job).await
    }

    async fn volumes(&self) -> Result<Vec<VolumeStatus>, AgentProblem> {
        self.engine.volumes().await
    }

    async fn container_log(
        &self,
        service: ServiceId,
        number: i32,
        tail: u32,
        follow: bool,
    ) -> Result<BoxStream<'static, ContainerLine>, AgentProblem> {
        self.engine
            .container_log(service, Some(number), tail, follow)
            .await
    }

    async fn is_settling(&self) -> Result<bool, AgentProblem> {
        self.engine.is_settling().await
    }

    async fn list_owned(&self) -> Result<Vec<Owned>, AgentProblem> {
        let mut owned = self.engine.list_owned().await?;
        owned.extend(self.edge.list_owned().await?);
        Ok(owned)
    }

    async fn remove_owned(&self, owned: &Owned) -> Result<(), AgentProblem> {
        match owned {
            Owned::Version { service, number } => {
                self.engine.remove_version(*service, *number).await
            }
            Owned::OneOff { id, .. } => self.engine.remove_one_off(id).await,
            Owned::Network { environment } => self.engine.remove_environment(*environment).await,
            Owned::StackNetwork { stack } => self.engine.remove_stack_network(*stack).await,
            Owned::Image { tag, .. } => self.engine.remove_image(tag).await,
            Owned::Routes { service } => self.edge.remove_routes(*service).await,
            Owned::Probe { service, number } => self.edge.remove_probe(*service, *number).await,
        }
    }
}
