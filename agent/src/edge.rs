//! The edge: the proxy, its routes, the probe and the switch.
//!
//! The proxy is a container that this module owns. It reads one file a service from a
//! directory that nobody else writes to (`files`), made from types alone (`dynamic`).
//! A change counts when the proxy has been seen to serve it (`seen`), never before.
//! On the network that it shares with all services, `isolation` keeps them apart.

mod certificates;
mod container;
mod dashboard;
mod dynamic;
mod files;
mod isolation;
pub(crate) mod occupant;
mod routes;
mod seen;
mod supervise;
mod verify;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;

use crate::config::Config;
use crate::engine::{Engine, problem};
use files::Files;
use isolation::Isolation;

/// The longest that one request to the proxy may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);

/// The proxy of this machine.
pub struct Edge {
    engine: Engine,
    config: Arc<Config>,
    files: Files,
    isolation: Isolation,
    http: reqwest::Client,
    is_ready: AtomicBool,
    /// One preparation at a time: the first one and the supervisor's.
    preparing: tokio::sync::Mutex<()>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
    /// Why the proxy refused the last change, if it did.
    refusal: Mutex<Option<String>>,
}

impl Edge {
    /// The proxy of a machine; nothing is done before [`Edge::prepare`].
    pub fn new(engine: Engine, config: &Config) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(REQUEST_LIMIT)
            .build()
            .unwrap_or_default();
        Self {
            engine,
            files: Files::new(config.agent_dir().join("edge")),
            config: Arc::new(config.clone()),
            isolation: Isolation::default(),
            http,
            is_ready: AtomicBool::new(false),
            preparing: tokio::sync::Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            refusal: Mutex::default(),
        }
    }

    /// Brings the proxy up, isolates its network and makes sure that it takes changes.
    /// May be repeated; the proxy is made anew only when its settings have changed.
    ///
    /// # Errors
    /// When it cannot be started, for example because another program has its port.
    pub async fn prepare(&self) -> Result<(), AgentProblem> {
        let _one = self.preparing.lock().await;
        let prepared = self.prepare_parts().await;
        self.is_ready.store(prepared.is_ok(), Ordering::Release);
        prepared
    }

    /// Whether the proxy runs and answers, as far as is known.
    pub fn ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// Why the proxy did not take the last change of its configuration; none when it did.
    pub fn refusal(&self) -> Option<String> {
        self.refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn note_refusal(&self, refusal: Option<String>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    /// Whether there were any.
    async fn put_foreign_files_aside(&self) -> Result<bool, AgentProblem> {
        let foreign = self.files.prepare().await?;
        for name in &foreign {
            tracing::warn!(
                name,
                "a file that the agent did not write was taken from the proxy's directory"
            );
        }
        Ok(!foreign.is_empty())
    }

    async fn prepare_parts(&self) -> Result<(), AgentProblem> {
        self.put_foreign_files_aside().await?;
        let network = self.engine.edge_network().await?;
        self.ensure_container(&network).await?;
        self.wait_for_ping().await?;
        let isolated = self.isolate(&network).await;
        self.confirm_that_changes_are_taken().await?;
        isolated
    }
}

/// A problem of the proxy.
fn trouble(message: impl Into<String>) -> AgentProblem {
    problem(FailureKind::SwitchFailed, message)
}
