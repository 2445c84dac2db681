//! The use cases of Longshore: one function per user-visible verb, as methods of
//! [`Control`]. Each authorises, runs one transaction and enqueues what follows in that
//! same transaction; none waits for an agent.
//!
//! Pages, the JSON API, webhooks and the command line call the same functions. This crate
//! must not hold SQL, must not know HTTP, Docker or the agent, and must not hand out
//! anything of a team that the actor is not in: what may not be seen is
//! [`ControlError::NotFound`].
//!
//! Start reading at [`Control`], then [`actor`] and `deployments/request.rs`.

mod access;
mod accounts;
pub mod actor;
mod apps;
mod certificates;
mod clock;
mod dashboard;
mod databases;
mod deployments;
mod domains;
pub mod draft;
mod environments;
mod error;
pub mod host_ports;
mod hub;
mod jobs;
mod keyring;
mod problems;
mod projects;
mod random;
mod registries;
mod services;
mod settings;
mod stacks;
mod storage;
mod terminals;
mod transaction;
mod tunnels;
mod uploads;
pub mod variables;
pub mod view;
pub mod webhooks;
pub mod work;

use std::sync::Arc;

use longshore_store::PgPool;
use longshore_store::sessions::PgSessionStore;

pub use actor::{Actor, Via};
pub use clock::Clock;
pub use draft::*;
pub use error::{ControlError, FieldProblem, Result};
pub use hub::{Hub, Subscription};
pub use keyring::{DecryptError, InvalidMasterKey, Keyring};
pub use longshore_store as store;
pub use registries::RegistryPlan;
pub use settings::{ControlSettings, ProxyPorts};
pub use terminals::{TerminalOffer, TerminalSlot};
pub use view::*;
pub use webhooks::{HookError, Provider};

/// All use cases over one database. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    pool: PgPool,
    keyring: Keyring,
    clock: Clock,
    hub: Hub,
    settings: Arc<ControlSettings>,
    passwords: accounts::Passwords,
    ports: ProxyPorts,
    terminals: terminals::Slots,
}

impl Control {
    /// The use cases over this database.
    pub fn new(pool: PgPool, keyring: Keyring, settings: ControlSettings) -> Self {
        Self {
            pool,
            keyring,
            clock: Clock::system(),
            hub: Hub::default(),
            settings: Arc::new(settings),
            passwords: accounts::Passwords::default(),
            ports: ProxyPorts::default(),
            terminals: terminals::Slots::default(),
        }
    }

    /// The same with another clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same with a proxy on other ports than 80 and 443.
    #[must_use]
    pub fn with_proxy_ports(mut self, ports: ProxyPorts) -> Self {
        self.ports = ports;
        self
    }

    /// The settings.
    pub fn settings(&self) -> &ControlSettings {
        &self.settings
    }

    /// The store of browsers' sessions, for `tower-sessions`.
    pub fn session_store(&self) -> PgSessionStore {
        PgSessionStore::new(self.pool.clone())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`ControlError::Unavailable`] when it does not.
    pub async fn check_database(&self) -> Result<()> {
        Ok(longshore_store::pool::ping(&self.pool).await?)
    }

    /// Listens to the database's notifications and wakes subscriptions; it connects again
    /// by itself and never ends. To be run once in a process, as a task; drop it to stop.
    /// Without it subscriptions fall back to looking every second.
    pub async fn listen(&self) {
        self.hub.listen(&self.pool).await;
    }
}
