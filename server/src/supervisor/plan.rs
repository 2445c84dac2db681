//! Everything a part's start depends on, settled once.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::accounts::Accounts;
use super::part::Part;
use crate::config::{self, Config, Environment};
use crate::postgres::{Binaries, Cluster};

/// Variables of our own that every part may see.
const INHERITED: [&str; 14] = [
    "PATH",
    "LANG",
    "TZ",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "ALL_PROXY",
];

/// Variables that only the agent may see: what it logs, where Docker is, and what builds
/// may use.
const FOR_THE_AGENT: [&str; 12] = [
    "LONGSHORE_LOG",
    "DOCKER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "DOCKER_API_VERSION",
    "LONGSHORE_BUILD_CONCURRENCY",
    "LONGSHORE_BUILD_MEMORY",
    "LONGSHORE_BUILD_CPU_PERCENT",
    "LONGSHORE_BUILD_PIDS",
    "LONGSHORE_BUILD_CACHE",
    "LONGSHORE_DISK_FLOOR",
    "LONGSHORE_DISK_WAIT_SECONDS",
];

/// What to run, as whom, and with what.
#[derive(Debug)]
pub struct Plan {
    /// The configuration.
    pub config: Config,
    /// Who runs what.
    pub accounts: Accounts,
    /// The embedded database; absent when another server is used.
    pub cluster: Option<Cluster>,
    /// This executable.
    pub server_binary: PathBuf,
    /// The agent's executable, beside ours.
    pub agent_binary: PathBuf,
    environment: Environment,
}

impl Plan {
    /// Settles who runs what, and finds the programs.
    ///
    /// # Errors
    /// When a user or a program is missing; the message says what to do.
    pub fn settle(config: Config, environment: Environment) -> Result<Self> {
        let accounts = Accounts::resolve(&config)?;
        let server_binary = config::own_executable().context("cannot find my own executable")?;
        let agent_binary = server_binary.with_file_name("longshore-agent");
        let cluster = match &config.database_url {
            Some(_external) => None,
            None => Some(Cluster::new(&config, &accounts)),
        };
        if let Some(cluster) = &cluster {
            Binaries::find(config.postgres_bin_dir.as_deref(), cluster.version()?)?;
        }
        Ok(Self {
            config,
            accounts,
            cluster,
            server_binary,
            agent_binary,
            environment,
        })
    }

    /// The parts to run, in the order of their start.
    pub fn parts(&self) -> Vec<Part> {
        let database = self.cluster.is_some().then_some(Part::Database);
        database
            .into_iter()
            .chain([Part::Agent, Part::Server])
            .collect()
    }

    /// The variables that a part inherits from us.
    pub fn inherited(&self, part: Part) -> Vec<(String, OsString)> {
        let mut names: Vec<&str> = INHERITED.to_vec();
        if part == Part::Agent {
            names.extend(FOR_THE_AGENT);
        }
        names
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), self.environment.get(name)?.into())))
            .collect()
    }
}
