//! The configuration after parsing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use longshore_control::work::Retention;
use longshore_domain::IpRange;
use url::Url;

use super::setting::Setting;

/// The short name that prefixes every Docker object, network and label of this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceName(pub(super) String);

impl InstanceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Address of a PostgreSQL server; it may hold a password, so it prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub(super) String);

impl DatabaseUrl {
    /// The URL with its password, for opening a connection.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// What the agent must know to run the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySettings {
    /// Public HTTP port.
    pub http_port: u16,
    /// Public HTTPS port.
    pub https_port: u16,
    /// Image of the proxy.
    pub traefik_image: String,
}

/// What the agent must know to obtain certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcmeSettings {
    /// Directory URL; the agent has a default.
    pub directory: Option<Url>,
    /// A PEM file to trust.
    pub certificate_authority: Option<PathBuf>,
    /// Contact address of the account.
    pub email: Option<String>,
}

/// Every setting, parsed and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything that must survive a restart is kept.
    pub data_dir: PathBuf,
    /// Where sockets and process ids are kept.
    pub run_dir: PathBuf,
    /// Address and port of the dashboard and the API.
    pub listen: SocketAddr,
    /// Base URL of the dashboard, when configured.
    pub public_url: Option<Url>,
    /// Peers whose forwarding headers count.
    pub trusted_proxies: Vec<IpRange>,
    /// Addresses at which this machine is reached from outside, when configured.
    pub public_addresses: Vec<IpAddr>,
    /// The DNS server to ask about domains; the machine's own when absent.
    pub dns_resolver: Option<SocketAddr>,
    /// Prefix of the names of Docker objects.
    pub instance: InstanceName,
    /// A PostgreSQL server to use; without it, the embedded one runs.
    pub database_url: Option<DatabaseUrl>,
    /// Where `initdb` and `postgres` are, when configured.
    pub postgres_bin_dir: Option<PathBuf>,
    /// The agent's Unix socket.
    pub agent_socket: PathBuf,
    /// The proxy.
    pub proxy: ProxySettings,
    /// Certificates.
    pub acme: AcmeSettings,
    /// Directories of the machine that services may mount.
    pub bind_paths: Vec<PathBuf>,
    /// The docker-compose that reads the files of stacks; one in the usual places when
    /// absent.
    pub compose: Option<PathBuf>,
    /// For how long old rows are kept.
    pub retention: Retention,
    /// System user of the server process, when configured.
    pub server_user: Option<String>,
    /// System user of the embedded database, when configured.
    pub database_user: Option<String>,
}

impl Config {
    /// Directory of the server process's own files.
    pub fn server_dir(&self) -> PathBuf {
        self.data_dir.join("server")
    }

    /// Directory of the embedded database's socket.
    pub fn database_socket_dir(&self) -> PathBuf {
        self.run_dir.join("postgres")
    }

    /// Directory of the parts' logs.
    pub fn log_dir(&self) -> PathBuf {
        self.data_dir.join("logs")
    }

    /// Address of the database to use: the configured one, else the embedded one's.
    pub fn effective_database_url(&self) -> DatabaseUrl {
        self.database_url.clone().unwrap_or_else(|| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("host", &self.database_socket_dir().to_string_lossy());
            query.append_pair("user", "longshore");
            DatabaseUrl(format!("postgres:///longshore?{}", query.finish()))
        })
    }

    /// An address of the dashboard that answers on this machine.
    pub fn local_address(&self) -> SocketAddr {
        let ip = match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, self.listen.port())
    }

    /// Every setting as the variable that would set it so, for a child process that then needs
    /// neither our flags nor the configuration file.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        Setting::ALL
            .into_iter()
            .filter_map(|setting| Some((setting.variable(), self.text_of(setting)?)))
            .collect()
    }

    /// One setting as text, as it would be written in the environment.
    fn text_of(&self, setting: Setting) -> Option<String> {
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        match setting {
            Setting::DataDir => Some(path(&self.data_dir)),
            Setting::RunDir => Some(path(&self.run_dir)),
            Setting::Listen => Some(self.listen.to_string()),
            Setting::PublicUrl => self.public_url.as_ref().map(Url::to_string),
            Setting::TrustedProxies if self.trusted_proxies.is_empty() => None,
            Setting::TrustedProxies => {
                let ranges: Vec<_> = self
                    .trusted_proxies
                    .iter()
                    .map(IpRange::to_string)
                    .collect();
                Some(ranges.join(","))
            }
            Setting::PublicAddresses if self.public_addresses.is_empty() => None,
            Setting::PublicAddresses => {
                let addresses: Vec<_> = self
                    .public_addresses
                    .iter()
                    .map(IpAddr::to_string)
                    .collect();
                Some(addresses.join(","))
            }
            Setting::DnsResolver => self.dns_resolver.map(|address| address.to_string()),
            Setting::Instance => Some(self.instance.0.clone()),
            Setting::DatabaseUrl => self.database_url.as_ref().map(|url| url.0.clone()),
            Setting::PostgresBinDir => self.postgres_bin_dir.as_ref().map(path),
            Setting::AgentSocket => Some(path(&self.agent_socket)),
            Setting::ProxyHttpPort => Some(self.proxy.http_port.to_string()),
            Setting::ProxyHttpsPort => Some(self.proxy.https_port.to_string()),
            Setting::TraefikImage => Some(self.proxy.traefik_image.clone()),
            Setting::AcmeDirectory => self.acme.directory.as_ref().map(Url::to_string),
            Setting::AcmeCa => self.acme.certificate_authority.as_ref().map(path),
            Setting::AcmeEmail => self.acme.email.clone(),
            Setting::Compose => self.compose.as_ref().map(path),
            Setting::BindPaths if self.bind_paths.is_empty() => None,
            Setting::BindPaths => {
                let paths: Vec<_> = self.bind_paths.iter().map(path).collect();
                Some(paths.join(","))
            }
            Setting::LogDays => Some(self.retention.log_days.to_string()),
            Setting::DeliveryDays => Some(self.retention.delivery_days.to_string()),
            Setting::ServerUser => self.server_user.clone(),
            Setting::DatabaseUser => self.database_user.clone(),
        }
    }
}
