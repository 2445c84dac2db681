//! The agent's settings.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use longshore_domain::IpRanges;

mod amount;

pub use amount::{Amount, AmountError, Size};

/// Settings from flags or from the variables of the same name.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "longshore-agent",
    version,
    about = "The Longshore agent of one machine",
    after_help = "`longshore-agent guard` closes the ports of Docker Swarm before Docker starts, and ends; \
        `longshore-agent guard --remove` takes its rules away."
)]
pub struct Config {
    /// The Unix socket to listen on.
    #[arg(
        long,
        env = "LONGSHORE_AGENT_SOCKET",
        default_value = "/run/longshore/agent.sock"
    )]
    pub socket: PathBuf,
    /// The group that may connect besides root.
    #[arg(long, env = "LONGSHORE_AGENT_SOCKET_GROUP")]
    pub socket_group: Option<String>,
    /// The data directory of the whole installation; the agent keeps its own under `agent/`.
    #[arg(long, env = "LONGSHORE_DATA_DIR", default_value = "/var/lib/longshore")]
    pub data_dir: PathBuf,
    /// A short name that prefixes and labels every object in Docker, so that several
    /// installations can share one engine.
    #[arg(long, env = "LONGSHORE_INSTANCE", default_value = "longshore")]
    pub instance: String,
    /// Docker's socket; `/var/run/docker.sock` when absent.
    #[arg(long, env = "DOCKER_HOST")]
    pub docker_host: Option<String>,
    /// The proxy's public HTTP port on the machine.
    #[arg(long, env = "LONGSHORE_PROXY_HTTP_PORT", default_value_t = 80)]
    pub proxy_http_port: u16,
    /// The proxy's public HTTPS port on the machine.
    #[arg(long, env = "LONGSHORE_PROXY_HTTPS_PORT", default_value_t = 443)]
    pub proxy_https_port: u16,
    /// The proxy's image.
    #[arg(long, env = "LONGSHORE_TRAEFIK_IMAGE", default_value = "traefik:v3.7")]
    pub traefik_image: String,
    /// Peers whose word about a client's address counts.
    #[arg(long, env = "LONGSHORE_TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: IpRanges,
    /// Addresses at which this machine is reached from outside.
    #[arg(long, env = "LONGSHORE_PUBLIC_ADDRESSES", value_delimiter = ',')]
    pub public_addresses: Vec<IpAddr>,
    /// The DNS server to ask about domains; the machine's own when absent.
    #[arg(long, env = "LONGSHORE_DNS_RESOLVER")]
    pub dns_resolver: Option<SocketAddr>,
    /// The ACME directory; Let's Encrypt when absent.
    #[arg(long, env = "LONGSHORE_ACME_DIRECTORY")]
    pub acme_directory: Option<String>,
    /// A PEM file to trust for the ACME directory.
    #[arg(long, env = "LONGSHORE_ACME_CA")]
    pub acme_ca: Option<PathBuf>,
    /// The account's e-mail address at the ACME directory.
    #[arg(long, env = "LONGSHORE_ACME_EMAIL")]
    pub acme_email: Option<String>,
    /// The static probe binary that is mounted into containers without a health check; the
    /// one that the agent carries inside itself when absent.
    #[arg(long, env = "LONGSHORE_PROBE")]
    pub probe: Option<PathBuf>,
    /// Directories of the machine that services may mount, with all that is in them; others
    /// are refused.
    #[arg(long, env = "LONGSHORE_BIND_PATHS", value_delimiter = ',')]
    pub bind_paths: Vec<PathBuf>,
    /// The docker-compose that reads the files of stacks; one in the usual places when
    /// absent.
    #[arg(long, env = "LONGSHORE_COMPOSE")]
    pub compose: Option<PathBuf>,
    /// The agent's own program, which it starts again to lock others in; the running one
    /// when absent.
    #[arg(skip)]
    pub own_program: Option<PathBuf>,
    /// Builds at the same time.
    #[arg(long, env = "LONGSHORE_BUILD_CONCURRENCY", default_value_t = 2)]
    pub build_concurrency: usize,
    /// Memory that all builds together may use: a share of the machine's, or a size.
    #[arg(long, env = "LONGSHORE_BUILD_MEMORY", default_value = "75%")]
    pub build_memory: Amount,
    /// Hundredths of all the machine's cores that all builds together may use.
    #[arg(long, env = "LONGSHORE_BUILD_CPU_PERCENT", default_value_t = 75,
          value_parser = clap::value_parser!(u8).range(1..=100))]
    pub build_cpu_percent: u8,
    /// Processes and threads that all builds together may have.
    #[arg(long, env = "LONGSHORE_BUILD_PIDS", default_value_t = 4096,
          value_parser = clap::value_parser!(u64).range(16..))]
    pub build_pids: u64,
    /// The largest build cache: a share of the disk that Docker's data is on, or a size.
    #[arg(long, env = "LONGSHORE_BUILD_CACHE", default_value = "10%")]
    pub build_cache: Amount,
    /// Free disk below which builds wait: a share of the disk, or a size; 5 % of it, but
    /// at least 1 GB and at most 10 GB, when absent.
    #[arg(long, env = "LONGSHORE_DISK_FLOOR")]
    pub disk_floor: Option<Amount>,
    /// The seconds that a build waits for free disk before its deployment fails.
    #[arg(long, env = "LONGSHORE_DISK_WAIT_SECONDS", default_value_t = 1800)]
    pub disk_wait_seconds: u32,
}

impl Config {
    /// The agent's own directory.
    pub fn agent_dir(&self) -> PathBuf {
        self.data_dir.join("agent")
    }

    /// How long a build waits for free disk.
    pub fn disk_wait(&self) -> Duration {
        Duration::from_secs(u64::from(self.disk_wait_seconds))
    }
}
