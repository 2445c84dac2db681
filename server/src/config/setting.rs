//! The list of settings: their names in each source, their defaults, and what a value should be.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A command-line flag.
    Flag,
    /// An environment variable.
    Variable,
    /// The configuration file at this path.
    File(PathBuf),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("from the command line"),
            Self::Variable => formatter.write_str("from the environment"),
            Self::File(path) => write!(formatter, "from {}", path.display()),
            Self::Default => formatter.write_str("the default"),
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Where everything that must survive a restart is kept.
    DataDir,
    /// Where sockets and process ids are kept.
    RunDir,
    /// Address and port of the dashboard and the API.
    Listen,
    /// Base URL of the dashboard, for links and webhook URLs.
    PublicUrl,
    /// Peers whose forwarding headers count.
    TrustedProxies,
    /// Addresses at which this machine is reached from outside.
    PublicAddresses,
    /// The DNS server to ask about domains.
    DnsResolver,
    /// Prefix of the names of all Docker objects.
    Instance,
    /// A PostgreSQL server to use instead of the embedded one.
    DatabaseUrl,
    /// Where `initdb` and `postgres` are.
    PostgresBinDir,
    /// The agent's Unix socket.
    AgentSocket,
    /// Public HTTP port of the proxy.
    ProxyHttpPort,
    /// Public HTTPS port of the proxy.
    ProxyHttpsPort,
    /// Image of the proxy.
    TraefikImage,
    /// Directory URL of the ACME server.
    AcmeDirectory,
    /// A PEM file to trust when talking to the ACME server.
    AcmeCa,
    /// Contact address of the ACME account.
    AcmeEmail,
    /// Directories of the machine that services may mount.
    BindPaths,
    /// The docker-compose that reads the files of stacks.
    Compose,
    /// Days for which logs of old deployments are kept.
    LogDays,
    /// Days for which received webhooks are kept.
    DeliveryDays,
    /// System user of the server process.
    ServerUser,
    /// System user of the embedded database.
    DatabaseUser,
}

impl Setting {
    /// Every setting, in the order in which help and errors list them.
    pub const ALL: [Self; 23] = [
        Self::DataDir,
        Self::RunDir,
        Self::Listen,
        Self::PublicUrl,
        Self::TrustedProxies,
        Self::PublicAddresses,
        Self::DnsResolver,
        Self::Instance,
        Self::DatabaseUrl,
        Self::PostgresBinDir,
        Self::AgentSocket,
        Self::ProxyHttpPort,
        Self::ProxyHttpsPort,
        Self::TraefikImage,
        Self::AcmeDirectory,
        Self::AcmeCa,
        Self::AcmeEmail,
        Self::BindPaths,
        Self::Compose,
        Self::LogDays,
        Self::DeliveryDays,
        Self::ServerUser,
        Self::DatabaseUser,
    ];

    /// Its name in the configuration file; with dashes, its flag.
    pub const fn key(self) -> &'static str {
        match self {
            Self::DataDir => "data_dir",
            Self::RunDir => "run_dir",
            Self::Listen => "listen",
            Self::PublicUrl => "public_url",
            Self::TrustedProxies => "trusted_proxies",
            Self::PublicAddresses => "public_addresses",
            Self::DnsResolver => "dns_resolver",
            Self::Instance => "instance",
            Self::DatabaseUrl => "database_url",
            Self::PostgresBinDir => "postgres_bin_dir",
            Self::AgentSocket => "agent_socket",
            Self::ProxyHttpPort => "proxy_http_port",
            Self::ProxyHttpsPort => "proxy_https_port",
            Self::TraefikImage => "traefik_image",
            Self::AcmeDirectory => "acme_directory",
            Self::AcmeCa => "acme_ca",
            Self::AcmeEmail => "acme_email",
            Self::BindPaths => "bind_paths",
            Self::Compose => "compose",
            Self::LogDays => "log_days",
            Self::DeliveryDays => "delivery_days",
            Self::ServerUser => "server_user",
            Self::DatabaseUser => "db_user",
        }
    }

    /// Its environment variable.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::DataDir => "LONGSHORE_DATA_DIR",
            Self::RunDir => "LONGSHORE_RUN_DIR",
            Self::Listen => "LONGSHORE_LISTEN",
            Self::PublicUrl => "LONGSHORE_PUBLIC_URL",
            Self::TrustedProxies => "LONGSHORE_TRUSTED_PROXIES",
            Self::PublicAddresses => "LONGSHORE_PUBLIC_ADDRESSES",
            Self::DnsResolver => "LONGSHORE_DNS_RESOLVER",
            Self::Instance => "LONGSHORE_INSTANCE",
            Self::DatabaseUrl => "DATABASE_URL",
            Self::PostgresBinDir => "LONGSHORE_POSTGRES_BIN_DIR",
            Self::AgentSocket => "LONGSHORE_AGENT_SOCKET",
            Self::ProxyHttpPort => "LONGSHORE_PROXY_HTTP_PORT",
            Self::ProxyHttpsPort => "LONGSHORE_PROXY_HTTPS_PORT",
            Self::TraefikImage => "LONGSHORE_TRAEFIK_IMAGE",
            Self::AcmeDirectory => "LONGSHORE_ACME_DIRECTORY",
            Self::AcmeCa => "LONGSHORE_ACME_CA",
            Self::AcmeEmail => "LONGSHORE_ACME_EMAIL",
            Self::BindPaths => "LONGSHORE_BIND_PATHS",
            Self::Compose => "LONGSHORE_COMPOSE",
            Self::LogDays => "LONGSHORE_LOG_DAYS",
            Self::DeliveryDays => "LONGSHORE_DELIVERY_DAYS",
            Self::ServerUser => "LONGSHORE_SERVER_USER",
            Self::DatabaseUser => "LONGSHORE_DB_USER",
        }
    }

    /// What it is when nobody sets it; `None` when it is then absent.
    pub const fn default_text(self) -> Option<&'static str> {
        match self {
            Self::DataDir => Some("/var/lib/longshore"),
            Self::RunDir => Some("/run/longshore"),
            Self::Listen => Some("0.0.0.0:3000"),
            Self::Instance => Some("longshore"),
            Self::ProxyHttpPort => Some("80"),
            Self::ProxyHttpsPort => Some("443"),
            Self::TraefikImage => Some("traefik:v3.7"),
            Self::LogDays | Self::DeliveryDays => Some("90"),
            Self::PublicUrl
            | Self::TrustedProxies
            | Self::PublicAddresses
            | Self::DnsResolver
            | Self::DatabaseUrl
            | Self::PostgresBinDir
            | Self::AgentSocket
            | Self::AcmeDirectory
            | Self::AcmeCa
            | Self::AcmeEmail
            | Self::BindPaths
            | Self::Compose
            | Self::ServerUser
            | Self::DatabaseUser => None,
        }
    }

    /// Whether its value may hold a password and is therefore never shown.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::DatabaseUrl)
    }
}
