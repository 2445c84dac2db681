//! What the core needs of the machine: git, Docker, the proxy.
//!
//! [`docker::DockerMachine`] is the real one; tests of jobs and of the API have a
//! simulated one that stops, fails and hangs where they want it to.

use std::path::Path;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use longshore_agent_api::{
    AgentProblem, CertificateStatus, CommandEnd, ContainerCommand, ContainerLine, DashboardRoute,
    DeployJob, DesiredCertificates, DesiredService, HealthTrial, HealthVerdict, OnceRequest,
    OnceStatus, RegistryLogin, RepositoryCheck, RepositoryReport, RouteUpdate, RunningUpdate,
    TerminalRequest, VersionEnds, VersionStatus, VolumeStatus,
};
use longshore_domain::{DeploymentId, DomainName, EnvironmentId, FailureKind, JobId, ServiceId};

use crate::build::Image;
use crate::disk::Shortage;
use crate::engine::terminal::Terminal;
use crate::git::Checkout;
use crate::stage::{StageContext, StageError};

pub mod docker;
mod step_by_step;

/// The state of the machine's parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineState {
    /// Docker's version; none when Docker does not answer.
    pub docker_version: Option<String>,
    /// Whether the machine is an active Swarm manager.
    pub swarm_ready: bool,
    /// Whether the proxy runs and answers.
    pub proxy_ready: bool,
    /// Why the proxy did not take the last change of its configuration.
    pub proxy_refusal: Option<String>,
}

/// Something on the machine that carries this instance's label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owned {
    /// A Swarm service of one version.
    Version {
        /// The service.
        service: ServiceId,
        /// The deployment's number.
        number: i32,
    },
    /// A container that runs once for a deployment.
    OneOff {
        /// Docker's id.
        id: String,
        /// The deployment.
        deployment: Option<DeploymentId>,
    },
    /// The private network of an environment.
    Network {
        /// The environment.
        environment: EnvironmentId,
    },
    /// The private network of a stack.
    StackNetwork {
        /// The stack.
        stack: ServiceId,
    },
    /// The image of one version.
    Image {
        /// Its tag.
        tag: String,
        /// The service.
        service: ServiceId,
        /// The deployment's number.
        number: i32,
    },
    /// Routes of a service.
    Routes {
        /// The service.
        service: ServiceId,
    },
    /// The short-lived route over which one version is probed.
    Probe {
        /// The service.
        service: ServiceId,
        /// The deployment's number.
        number: i32,
    },
}

/// Git, Docker and the proxy of one machine.
#[async_trait]
pub trait Machine: Send + Sync + 'static {
    /// What works at the moment.
    async fn state(&self) -> MachineState;

    /// Whether a repository can be read.
    async fn check_repository(
        &self,
        check: &RepositoryCheck,
    ) -> Result<RepositoryReport, AgentProblem>;

    /// Whether a registry takes an account.
    async fn check_registry(&self, login: &RegistryLogin) -> Result<(), AgentProblem>;

    /// Brings the exact commit of a Git origin into a work tree.
    async fn fetch(
        &self,
        context: &StageContext,
        job: &DeployJob,
        work_tree: &Path,
    ) -> Result<Checkout, StageError>;

    /// The image that was built before from the same source in the same way, so that
    /// nothing has to be built. `source` is as for [`Machine::image`].
    async fn built_before(
        &self,
        context: &StageContext,
        job: &DeployJob,
        source: (&Path, &str),
    ) -> Result<Option<Image>, StageError>;

    /// The components of a stack's job as jobs of their own, each behind those that it waits
    /// for. Nothing has changed when it fails.
    async fn components(
        &self,
        context: &StageContext,
        job: &DeployJob,
        work_tree: &Path,
    ) -> Result<Vec<DeployJob>, StageError>;

    /// Whether a version of a component that runs is what its job would start.
    async fn is_unchanged(
        &self,
        job: &DeployJob,
        image: &Image,
        number: i32,
    ) -> Result<bool, AgentProblem>;

    /// Whether the containers of a component's job run, healthy or not.
    async fn has_started(&self, job: &DeployJob) -> Result<bool, AgentProblem>;

    /// The versions of all of a stack's components.
    async fn stack_versions(&self, stack: ServiceId)
    -> Result<Vec<(ServiceId, i32)>, AgentProblem>;

    /// Removes files of a stack that no component mounts.
    async fn tidy_stack(&self, stack: ServiceId) -> Result<(), AgentProblem>;

    /// What is missing of the free disk that a build needs.
    async fn shortage(&self) -> Option<Shortage>;

    /// Frees disk that only makes builds faster.
    async fn make_room(&self);

    /// Builds, pulls or finds the image. `source` is the checkout and its tree's id.
    async fn image(
        &self,
        context: &StageContext,
        job: &DeployJob,
        source: Option<(&Path, &str)>,
    ) -> Result<Image, StageError>;

    /// Runs the release command.
    async fn release(
        &self,
        context: &StageContext,
        job: &DeployJob,
        image: &Image,
    ) -> Result<(), StageError>;

    /// Starts the new version and waits until it is healthy.
    async fn start(
        &self,
        context: &StageContext,
        job: &DeployJob,
        image: &Image,
    ) -> Result<(), StageError>;

    /// Probes the new version through the proxy, or lets it settle.
    async fn verify(&self, context: &StageContext, job: &DeployJob) -> Result<(), StageError>;

    /// Moves the traffic to the new version, from the `previous` one if there is one.
    async fn switch(
        &self,
        context: &StageContext,
        job: &DeployJob,
        previous: Option<i32>,
    ) -> Result<(), StageError>;

    /// Takes back what a deployment that did not become live had put into the proxy. If
    /// the service's routes lead to it already, they go back to the `previous` version.
    async fn withdraw(
        &self,
        service: ServiceId,
        number: i32,
        previous: Option<RouteUpdate>,
    ) -> Result<(), AgentProblem>;

    /// Removes what runs of one version.
    async fn remove_version(&self, service: ServiceId, number: i32) -> Result<(), AgentProblem>;

    /// Waits until no container of a version that was removed is left on this machine.
    async fn until_gone(&self, service: ServiceId, number: i32) -> Result<(), AgentProblem>;

    /// What runs of a service.
    async fn versions(&self, service: ServiceId) -> Result<Vec<VersionStatus>, AgentProblem>;

    /// How containers of a version ended that should run on.
    async fn ends(&self, service: ServiceId, number: i32) -> Result<VersionEnds, AgentProblem>;

    /// Stops, starts, restarts or scales a version.
    async fn set_running(
        &self,
        service: ServiceId,
        update: &RunningUpdate,
    ) -> Result<(), AgentProblem>;

    /// Gives a live version new routes.
    async fn set_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<(), AgentProblem>;

    /// Which of these services are not as they shall be: the live version's containers or its
    /// routes. One look, however many there are.
    async fn drifted(&self, desired: &[DesiredService]) -> Result<Vec<ServiceId>, AgentProblem>;

    /// Makes the routes of a live version what they shall be; tells whether they were not.
    async fn repair_routes(
        &self,
        service: ServiceId,
        update: &RouteUpdate,
    ) -> Result<bool, AgentProblem>;

    /// Removes everything of a service.
    async fn remove_service(&self, service: ServiceId, volumes: bool) -> Result<(), AgentProblem>;

    /// Tries a health check once on a version that runs.
    async fn try_health(
        &self,
        service: ServiceId,
        trial: &HealthTrial,
    ) -> Result<HealthVerdict, AgentProblem>;

    /// Runs a command once in a container of a version that runs.
    async fn command(
        &self,
        service: ServiceId,
        command: &ContainerCommand,
    ) -> Result<CommandEnd, AgentProblem>;

    /// Opens a terminal in a container of a version that runs.
    async fn open_terminal(
        &self,
        _service: ServiceId,
        _request: &TerminalRequest,
    ) -> Result<Terminal, AgentProblem> {
        crate::api::terminal::none()
    }

    /// Starts a command that runs once, unless it was started before.
    async fn start_once(&self, _job: JobId, _request: &OnceRequest) -> Result<(), AgentProblem> {
        Err(no_jobs())
    }

    /// Where a command that runs once stands.
    async fn once_status(&self, _job: JobId) -> Result<OnceStatus, AgentProblem> {
        Err(no_jobs())
    }

    /// Ends and removes a command that runs once.
    async fn remove_once(&self, _job: JobId) -> Result<(), AgentProblem> {
        Err(no_jobs())
    }

    /// All volumes.
    async fn volumes(&self) -> Result<Vec<VolumeStatus>, AgentProblem>;

    /// Makes the way to the dashboard what it shall be; tells whether it was not.
    async fn repair_dashboard(
        &self,
        _wanted: Option<&DashboardRoute>,
    ) -> Result<bool, AgentProblem> {
        Ok(false)
    }

    /// Makes the list of hosts with certificates what it shall be.
    async fn set_certificates(&self, _desired: DesiredCertificates) -> Result<(), AgentProblem> {
        Ok(())
    }

    /// How all certificates do.
    async fn certificates(&self) -> Result<Vec<CertificateStatus>, AgentProblem> {
        Ok(Vec::new())
    }

    /// Makes the next attempt for a host's certificate now.
    async fn retry_certificate(&self, _host: &DomainName) -> Result<(), AgentProblem> {
        Ok(())
    }

    /// What the containers of a version write.
    async fn container_log(
        &self,
        service: ServiceId,
        number: i32,
        tail: u32,
        follow: bool,
    ) -> Result<BoxStream<'static, ContainerLine>, AgentProblem>;

    /// Whether Docker, after a restart, is still starting what it had stopped. Nothing
    /// that is missing then has drifted.
    async fn is_settling(&self) -> Result<bool, AgentProblem>;

    /// Everything with this instance's label.
    async fn list_owned(&self) -> Result<Vec<Owned>, AgentProblem>;

    /// Removes one of the things that [`Machine::list_owned`] named.
    async fn remove_owned(&self, owned: &Owned) -> Result<(), AgentProblem>;
}

fn no_jobs() -> AgentProblem {
    AgentProblem {
        kind: FailureKind::EngineUnavailable,
        message: "No jobs can be run on this machine.".to_owned(),
    }
}
