//! The agent's settings.

use std::path::PathBuf;

use clap::Parser;

/// Settings from flags or from the variables of the same name.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "longshore-agent",
    version,
    about = "The Longshore agent of one machine"
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
    /// Builds at the same time.
    #[arg(long, env = "LONGSHORE_BUILD_CONCURRENCY", default_value_t = 2)]
    pub build_concurrency: usize,
}

impl Config {
    /// The agent's own directory.
    pub fn agent_dir(&self) -> PathBuf {
        self.data_dir.join("agent")
    }
}
