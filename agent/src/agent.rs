//! The agent put together.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::api::{Api, Lock, Socket, SocketError, router};
use crate::config::Config;
use crate::drain::Drains;
use crate::jobs::{BuildRules, Jobs};
use crate::machine::Machine;
use crate::paths::Paths;
use crate::reconcile::Reconciler;
use crate::tasks::Tasks;
use crate::upload;

/// How long tasks have to end; what hangs longer is left behind.
const SHUT_DOWN_LIMIT: Duration = Duration::from_secs(10);

/// The agent cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The socket cannot be opened.
    #[error("the agent's socket cannot be opened")]
    Socket(#[from] SocketError),
    /// The data directory cannot be used.
    #[error("the agent's data directory cannot be used")]
    Data(#[source] io::Error),
    /// The socket broke.
    #[error("the agent's socket broke")]
    Serving(#[source] io::Error),
}

/// An agent that holds its data directory and its socket.
pub struct Agent {
    api: Api,
    socket: Socket,
    _lock: Lock,
}

impl Agent {
    /// Takes the data directory and the socket, and takes up what an earlier agent left.
    /// Needs a runtime.
    ///
    /// # Errors
    /// When another agent has them, or they cannot be used.
    pub fn start(
        config: Config,
        machine: Arc<dyn Machine>,
        tasks: Tasks,
    ) -> Result<Self, AgentError> {
        let paths = Paths::new(config.agent_dir());
        paths.create().map_err(AgentError::Data)?;
        let lock = Lock::take(&paths.lock())?;
        if let Err(error) = upload::remove_partial(&paths.uploads()) {
            tracing::warn!(%error, "uploads that broke off stay");
        }
        let socket = Socket::open(&config.socket, config.socket_group.as_deref())?;
        let drains =
            Drains::load(&paths, Arc::clone(&machine), tasks.clone()).map_err(AgentError::Data)?;
        let jobs = Jobs::load(
            paths.clone(),
            Arc::clone(&machine),
            Arc::clone(&drains),
            tasks.clone(),
            BuildRules {
                concurrency: config.build_concurrency,
                disk_wait: config.disk_wait(),
            },
        )
        .map_err(AgentError::Data)?;
        let reconciler = Reconciler::new(
            paths,
            Arc::clone(&machine),
            Arc::clone(&jobs),
            Arc::clone(&drains),
        );
        let api = Api {
            config: Arc::new(config),
            jobs,
            machine,
            reconciler: Arc::new(reconciler),
            drains,
            tasks,
        };
        Ok(Self {
            api,
            socket,
            _lock: lock,
        })
    }

    /// Answers requests until the task group is told to stop. Jobs are then suspended:
    /// their containers stay, and they go on when their specification is put again.
    ///
    /// # Errors
    /// When the socket breaks.
    pub async fn serve(self) -> Result<(), AgentError> {
        let tasks = self.api.tasks.clone();
        let jobs = Arc::clone(&self.api.jobs);
        let stopping = tasks.stopping().clone();
        let served = self.socket.serve(router(self.api), stopping).await;
        if tokio::time::timeout(SHUT_DOWN_LIMIT, tasks.shut_down())
            .await
            .is_err()
        {
            tracing::warn!("some work does not end; it is left behind");
        }
        jobs.close();
        served.map_err(AgentError::Serving)
    }
}
