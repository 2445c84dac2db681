//! Docker Engine and Swarm: networks, services, tasks, logs.
//!
//! Every deployment is a Swarm service of its own. Nothing here touches an object that
//! does not carry this instance's labels (`names`).

mod binds;
mod cluster;
mod command;
mod component;
mod diagnose;
mod ends;
mod files;
mod foreign;
mod health;
mod inventory;
mod literal;
mod log;
mod names;
mod network;
mod once;
mod parts;
mod prepare;
mod probe;
mod release;
mod remove;
mod running;
mod scale;
mod spec;
mod stacks;
mod start;
pub mod terminal;
mod volumes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bollard::Docker;
use bollard::errors::Error;
use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;
use time::OffsetDateTime;

use crate::clock;
use crate::config::Config;
use crate::stage::StageError;
use crate::swarm_ports::Closed;

pub(crate) use binds::check as check_host_path;
pub(crate) use names::Names;
pub use names::image_tag;
pub(crate) use network::EdgeNetwork;
pub(crate) use parts::{Part, Version};

/// Docker's last coming up, as far as the agent has seen it.
#[derive(Debug, Clone, Copy)]
struct ComeUp {
    instant: Instant,
    at: OffsetDateTime,
    /// Whether all that it had stopped has been seen running since.
    has_settled: bool,
    /// Whether it did not answer lately: when it does again, it may have come up anew.
    is_away: bool,
}

impl ComeUp {
    fn now() -> Self {
        Self {
            instant: Instant::now(),
            at: clock::now(),
            has_settled: false,
            is_away: false,
        }
    }
}

/// Docker on this machine. Clones share everything.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    names: Names,
    config: Arc<Config>,
    /// When Docker was last seen coming up.
    came_up: Arc<Mutex<ComeUp>>,
    /// Done once the processes of an earlier agent's terminals have ended.
    terminals: Arc<tokio::sync::OnceCell<()>>,
    /// Who reaches the ports of Swarm.
    swarm_ports: Arc<Closed>,
}

impl Engine {
    /// An engine for the Docker socket of the settings. Nothing is asked of Docker before
    /// [`Engine::prepare`], which must succeed first.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn connect(config: &Config) -> Result<Self, AgentProblem> {
        let host = match &config.docker_host {
            Some(host) if host.starts_with('/') => format!("unix://{host}"),
            Some(host) => host.clone(),
            None => "unix:///var/run/docker.sock".to_owned(),
        };
        let docker = Docker::connect_with_host(&host).map_err(|_| {
            problem(
                FailureKind::EngineUnavailable,
                format!("There is no Docker at {host}."),
            )
        })?;
        Ok(Self {
            docker,
            names: Names::new(&config.instance),
            config: Arc::new(config.clone()),
            came_up: Arc::new(Mutex::new(ComeUp::now())),
            terminals: Arc::default(),
            swarm_ports: Arc::default(),
        })
    }

    /// The client, for parts that speak to Docker themselves.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// The tag of the image of one version.
    pub fn image_tag(&self, service: longshore_domain::ServiceId, number: i32) -> String {
        self.names.image(service, number)
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Notes that Docker has come up: what it had stopped takes a while to run again.
    pub fn note_start(&self) {
        *self.lock_come_up() = ComeUp::now();
    }

    /// Notes that Docker does not answer. Its next answer counts as a coming up: between the
    /// two it may have ended and started everything.
    pub(crate) fn note_away(&self) {
        self.lock_come_up().is_away = true;
    }

    fn lock_come_up(&self) -> MutexGuard<'_, ComeUp> {
        self.came_up.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A problem of a kind.
pub(crate) fn problem(kind: FailureKind, message: impl Into<String>) -> AgentProblem {
    AgentProblem {
        kind,
        message: message.into(),
    }
}

/// What Docker's error means for whoever asked for `what`.
pub(crate) fn refused(what: &str, error: &Error) -> AgentProblem {
    match error {
        Error::DockerResponseServerError { message, .. } => problem(
            FailureKind::Internal,
            format!("{what} was refused by Docker: {}.", brief(message)),
        ),
        _ => {
            tracing::debug!(%error, what, "Docker does not answer");
            problem(
                FailureKind::EngineUnavailable,
                "Docker does not answer on the server.",
            )
        }
    }
}

/// The same for a stage.
pub(crate) fn failed(problem: AgentProblem) -> StageError {
    StageError::failed(problem.kind, problem.message)
}

/// Whether Docker says that there is no such thing.
pub(crate) fn is_absent(error: &Error) -> bool {
    has_status(error, 404)
}

/// Whether Docker says that there is one already.
pub(crate) fn is_conflict(error: &Error) -> bool {
    has_status(error, 409) || is_conflict_in_swarm(error)
}

/// Of a network that two made at once, Docker passes on Swarm's words as a failure of its own.
fn is_conflict_in_swarm(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 500, message }
        if message.contains("name conflicts with an existing object"))
}

fn has_status(error: &Error, status: u16) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code, .. } if *status_code == status)
}

/// Docker's words as part of a sentence.
pub(crate) fn brief(message: &str) -> String {
    message
        .trim()
        .trim_end_matches('.')
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(400)
        .collect()
}
