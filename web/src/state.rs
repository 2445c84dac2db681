//! What every handler is given.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::FromRef;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use longshore_control::{
    CertificateOnMachine, ContainerCommand, Control, ControlError, HealthTrial, HealthVerdict,
    LogLine, RegistryAccount, TerminalPlan, Uploaded, VolumeOnMachine,
};
use longshore_domain::{DomainName, Secret, ServiceId};

use crate::agreement::Agreement;
use crate::metrics::Metrics;
use crate::terminal::{Size, TerminalPipe};

/// What pages and the API ask the machine's agent, past the database.
#[async_trait]
pub trait AgentQueries: Send + Sync + 'static {
    /// Whether the agent answers and Docker and the proxy work; else a sentence for people.
    async fn trouble(&self) -> Option<String>;

    /// What the machine and its parts are like; else a sentence for people.
    async fn machine(&self) -> Result<Machine, String> {
        match self.trouble().await {
            Some(trouble) => Err(trouble),
            None => Err("The agent answers, but says nothing of its machine.".to_owned()),
        }
    }

    /// Tries a health check once on a version that runs.
    ///
    /// # Errors
    /// When the agent does not answer or nothing runs.
    async fn try_health(&self, trial: HealthTrial) -> Result<HealthVerdict, ControlError>;

    /// Runs a command once in a container of a version that runs; gives its exit code.
    ///
    /// # Errors
    /// When the agent does not answer or nothing runs.
    async fn run_command(&self, command: ContainerCommand) -> Result<i64, ControlError>;

    /// Opens a terminal in a container of a version that runs.
    ///
    /// # Errors
    /// When the agent does not answer or does not open it.
    async fn open_terminal(
        &self,
        _plan: &TerminalPlan,
        _size: Size,
    ) -> Result<TerminalPipe, ControlError> {
        Err(ControlError::refused("This machine opens no terminals."))
    }

    /// How all certificates on the machine do.
    ///
    /// # Errors
    /// When the agent does not answer.
    async fn certificates(&self) -> Result<Vec<CertificateOnMachine>, ControlError> {
        Ok(Vec::new())
    }

    /// Asks for a host's certificate now.
    ///
    /// # Errors
    /// When the agent does not answer, or asks for none for this host.
    async fn retry_certificate(&self, _host: &DomainName) -> Result<(), ControlError> {
        Ok(())
    }

    /// The volumes on the machine.
    ///
    /// # Errors
    /// When the agent does not answer.
    async fn volumes(&self) -> Result<Vec<VolumeOnMachine>, ControlError>;

    /// What runs of a service, or of a stack's component, by versions.
    ///
    /// # Errors
    /// When the agent does not answer.
    async fn versions(&self, service: ServiceId) -> Result<Vec<VersionState>, ControlError>;
    /// Asks a registry whether it takes an account.
    ///
    /// # Errors
    /// Why it does not, or that the agent does not answer.
    async fn check_registry(&self, account: RegistryAccount) -> Result<(), ControlError>;

    /// Streams an archive to the machine, which checks and keeps it.
    ///
    /// # Errors
    /// What is wrong with the archive, or that the agent does not answer.
    async fn upload(
        &self,
        body: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<Uploaded, ControlError>;

    /// The last lines of a service's containers, then live when `follow`.
    ///
    /// # Errors
    /// When the agent does not answer or nothing runs.
    async fn container_log(
        &self,
        service: ServiceId,
        tail: u32,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<LogLine, ControlError>>, ControlError>;
}

/// What runs of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionState {
    /// The deployment's number.
    pub number: i32,
    /// Containers that run.
    pub running: u32,
    /// What Docker says of the newest container that does not run.
    pub trouble: Option<String>,
}

/// What the server's page shows of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// The host name.
    pub host_name: String,
    /// The agent's version.
    pub agent_version: String,
    /// Docker's version; none when it does not answer.
    pub docker_version: Option<String>,
    /// Whether the machine is an active Swarm manager.
    pub swarm_ready: bool,
    /// Whether the proxy runs and answers.
    pub proxy_ready: bool,
    /// Why the proxy did not take the last change of its configuration; none when it did.
    pub proxy_refusal: Option<String>,
    /// The proxy's image.
    pub proxy_image: String,
    /// Cores.
    pub cores: u32,
    /// Memory in bytes.
    pub memory_total_bytes: u64,
    /// Memory that programs can still get, in bytes.
    pub memory_available_bytes: u64,
    /// Size of the file system with the data, in bytes.
    pub disk_total_bytes: u64,
    /// What is free of it, in bytes.
    pub disk_free_bytes: u64,
    /// Deployments that are worked on.
    pub running_jobs: u32,
}

/// Settings of the HTTP side.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// Peers whose word about the client's address and the scheme counts.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// What the machine's own proxy sends along, so that its word counts too.
    pub proxy_proof: Option<Secret>,
}

/// A range of addresses, by its first address and the length of its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedProxy {
    /// An address of the range.
    pub address: IpAddr,
    /// Leading bits that all of them share.
    pub prefix_length: u8,
}

impl TrustedProxy {
    /// Whether an address is in the range.
    pub fn contains(&self, peer: IpAddr) -> bool {
        match (self.address, peer.to_canonical()) {
            (IpAddr::V4(range), IpAddr::V4(peer)) => {
                let shift = 32 - u32::from(self.prefix_length.min(32));
                shift == 32 || u32::from(range) >> shift == u32::from(peer) >> shift
            }
            (IpAddr::V6(range), IpAddr::V6(peer)) => {
                let shift = 128 - u32::from(self.prefix_length.min(128));
                shift == 128 || u128::from(range) >> shift == u128::from(peer) >> shift
            }
            _ => false,
        }
    }
}

/// The state of the router. Clones share everything.
#[derive(Clone)]
pub struct WebState {
    /// The use cases.
    pub control: Control,
    /// The machine's agent.
    pub agent: Arc<dyn AgentQueries>,
    /// Settings.
    pub settings: Arc<WebSettings>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Whether the machine is as it shall be.
    pub agreement: Arc<Agreement>,
}

impl WebState {
    /// The state of a fresh process.
    pub fn new(control: Control, agent: Arc<dyn AgentQueries>, settings: WebSettings) -> Self {
        Self {
            control,
            agent,
            settings: Arc::new(settings),
            metrics: Arc::new(Metrics::new()),
            agreement: Arc::default(),
        }
    }
}

impl FromRef<WebState> for Control {
    fn from_ref(state: &WebState) -> Self {
        state.control.clone()
    }
}

impl FromRef<WebState> for Arc<Agreement> {
    fn from_ref(state: &WebState) -> Self {
        Arc::clone(&state.agreement)
    }
}

impl FromRef<WebState> for Arc<dyn AgentQueries> {
    fn from_ref(state: &WebState) -> Self {
        Arc::clone(&state.agent)
    }
}
