//! The parts: what each is called, how it is started and how long it may take to end.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::accounts::Account;
use super::plan::Plan;
use super::process::Program;

/// Settings that the agent is given.
const AGENT_SETTINGS: [&str; 14] = [
    "LONGSHORE_AGENT_SOCKET",
    "LONGSHORE_DATA_DIR",
    "LONGSHORE_PROXY_HTTP_PORT",
    "LONGSHORE_PROXY_HTTPS_PORT",
    "LONGSHORE_TRAEFIK_IMAGE",
    "LONGSHORE_ACME_DIRECTORY",
    "LONGSHORE_ACME_CA",
    "LONGSHORE_ACME_EMAIL",
    "LONGSHORE_INSTANCE",
    "LONGSHORE_BIND_PATHS",
    "LONGSHORE_COMPOSE",
    "LONGSHORE_TRUSTED_PROXIES",
    "LONGSHORE_PUBLIC_ADDRESSES",
    "LONGSHORE_DNS_RESOLVER",
];

/// A process that the supervisor keeps running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The embedded PostgreSQL.
    Database,
    /// `longshore-agent`.
    Agent,
    /// `longshore serve`.
    Server,
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Part {
    /// Every part, in the order of their start.
    pub const ALL: [Self; 3] = [Self::Database, Self::Agent, Self::Server];

    /// Its name in file names, logs and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Agent => "agent",
            Self::Server => "server",
        }
    }

    /// The signal that asks it to end. PostgreSQL then rolls back what runs and writes all to disk.
    pub const fn stop_signal(self) -> Signal {
        match self {
            Self::Database => Signal::INT,
            Self::Agent | Self::Server => Signal::TERM,
        }
    }

    /// How long it may take to end when it is asked to.
    pub const fn patience(self) -> Duration {
        match self {
            Self::Database => Duration::from_secs(30),
            Self::Agent | Self::Server => Duration::from_secs(15),
        }
    }

    /// The user it runs as.
    pub fn account(self, plan: &Plan) -> Account {
        match self {
            Self::Database => plan.accounts.database.clone(),
            // With the server's group, so that the socket it makes is open to the server alone.
            Self::Agent => Account {
                gid: plan.accounts.server.gid,
                ..plan.accounts.own.clone()
            },
            Self::Server => plan.accounts.server.clone(),
        }
    }

    /// Does what must be done before each start, and says what to start.
    ///
    /// # Errors
    /// When something is missing; the message says what to do.
    pub async fn prepare(self, plan: &Plan) -> Result<Program> {
        let program = match self {
            Self::Database => match &plan.cluster {
                Some(cluster) => {
                    cluster
                        .prepare(plan.config.postgres_bin_dir.as_deref())
                        .await?
                }
                None => bail!("DATABASE_URL is set, so there is no embedded database"),
            },
            Self::Agent => {
                let given = plan.config.variables();
                let given = given
                    .into_iter()
                    .filter(|(name, _)| AGENT_SETTINGS.contains(name));
                Program::new(&plan.agent_binary)
                    .variables(given)
                    .variables([("HOME", plan.config.data_dir.join("agent"))])
            }
            Self::Server => Program::new(&plan.server_binary)
                .argument("serve")
                .variables(plan.config.variables())
                // All is in the variables; the file may be readable for root alone.
                .variables([("LONGSHORE_CONFIG", "/dev/null")])
                .variables([("HOME", plan.config.server_dir())]),
        };
        std::fs::metadata(&program.path)
            .with_context(|| format!("{} is missing; install it again", program.path.display()))?;
        let mut program = program
            .variables(plan.inherited(self))
            .run_as(&self.account(plan));
        program.stop_signal = self.stop_signal();
        Ok(program)
    }
}
