//! One flag for each setting. They are taken as text: the configuration parses them together with
//! the values from the other sources, so that all errors come at once.

use std::path::PathBuf;

use clap::Args;

use crate::config::{FlagValues, Setting};

/// The settings that can be given on the command line.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings (also as variables, or in /etc/longshore/longshore.toml)")]
pub struct SettingFlags {
    /// Configuration file (LONGSHORE_CONFIG) (default: /etc/longshore/longshore.toml)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where data is kept (LONGSHORE_DATA_DIR) (default: /var/lib/longshore)
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub data_dir: Option<String>,
    /// Where sockets and process ids are kept (LONGSHORE_RUN_DIR) (default: /run/longshore)
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub run_dir: Option<String>,
    /// Address of the dashboard and the API (LONGSHORE_LISTEN) (default: 0.0.0.0:3000)
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// The dashboard's URL as others see it, for links and webhooks (LONGSHORE_PUBLIC_URL)
    #[arg(long, global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Proxies whose forwarding headers count, like 10.0.0.0/8 or cloudflare (LONGSHORE_TRUSTED_PROXIES)
    #[arg(long, global = true, value_name = "RANGES")]
    pub trusted_proxies: Option<String>,
    /// Addresses at which this machine is reached from outside (LONGSHORE_PUBLIC_ADDRESSES)
    #[arg(long, global = true, value_name = "ADDRESSES")]
    pub public_addresses: Option<String>,
    /// The DNS server to ask about domains (LONGSHORE_DNS_RESOLVER) (default: the machine's own)
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub dns_resolver: Option<String>,
    /// Prefix of all Docker objects (LONGSHORE_INSTANCE) (default: longshore)
    #[arg(long, global = true, value_name = "NAME")]
    pub instance: Option<String>,
    /// A PostgreSQL server instead of the embedded one (DATABASE_URL)
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Where initdb and postgres are (LONGSHORE_POSTGRES_BIN_DIR)
    #[arg(long, global = true, value_name = "DIRECTORY")]
    pub postgres_bin_dir: Option<String>,
    /// The agent's socket (LONGSHORE_AGENT_SOCKET) (default: agent.sock in the run directory)
    #[arg(long, global = true, value_name = "PATH")]
    pub agent_socket: Option<String>,
    /// The proxy's HTTP port (LONGSHORE_PROXY_HTTP_PORT) (default: 80)
    #[arg(long, global = true, value_name = "PORT")]
    pub proxy_http_port: Option<String>,
    /// The proxy's HTTPS port (LONGSHORE_PROXY_HTTPS_PORT) (default: 443)
    #[arg(long, global = true, value_name = "PORT")]
    pub proxy_https_port: Option<String>,
    /// The proxy's image (LONGSHORE_TRAEFIK_IMAGE) (default: traefik:v3.7)
    #[arg(long, global = true, value_name = "IMAGE")]
    pub traefik_image: Option<String>,
    /// Directory URL of the ACME server (LONGSHORE_ACME_DIRECTORY)
    #[arg(long, global = true, value_name = "URL")]
    pub acme_directory: Option<String>,
    /// A PEM file to trust for the ACME server (LONGSHORE_ACME_CA)
    #[arg(long, global = true, value_name = "FILE")]
    pub acme_ca: Option<String>,
    /// Contact address of the ACME account (LONGSHORE_ACME_EMAIL)
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub acme_email: Option<String>,
    /// Directories of the machine that services may mount (LONGSHORE_BIND_PATHS)
    #[arg(long, global = true, value_name = "PATHS")]
    pub bind_paths: Option<String>,
    /// The docker-compose that reads the files of stacks (LONGSHORE_COMPOSE)
    #[arg(long, global = true, value_name = "FILE")]
    pub compose: Option<String>,
    /// Days that logs of old deployments are kept (LONGSHORE_LOG_DAYS) (default: 90)
    #[arg(long, global = true, value_name = "DAYS")]
    pub log_days: Option<String>,
    /// Days that received webhooks are kept (LONGSHORE_DELIVERY_DAYS) (default: 90)
    #[arg(long, global = true, value_name = "DAYS")]
    pub delivery_days: Option<String>,
    /// System user of the server (LONGSHORE_SERVER_USER) (default: longshore, if it exists)
    #[arg(
        long = "user-server",
        alias = "server-user",
        global = true,
        value_name = "USER"
    )]
    pub server_user: Option<String>,
    /// System user of the database (LONGSHORE_DB_USER) (default: longshore-db, if it exists)
    #[arg(
        long = "user-db",
        alias = "db-user",
        global = true,
        value_name = "USER"
    )]
    pub db_user: Option<String>,
}

impl SettingFlags {
    /// The flags that were given.
    pub fn values(&self) -> FlagValues {
        let given = Setting::ALL
            .into_iter()
            .filter_map(|setting| Some((setting, self.text(setting)?.clone())))
            .collect();
        FlagValues {
            file: self.config.clone(),
            settings: given,
        }
    }

    fn text(&self, setting: Setting) -> Option<&String> {
        match setting {
            Setting::DataDir => self.data_dir.as_ref(),
            Setting::RunDir => self.run_dir.as_ref(),
            Setting::Listen => self.listen.as_ref(),
            Setting::PublicUrl => self.public_url.as_ref(),
            Setting::TrustedProxies => self.trusted_proxies.as_ref(),
            Setting::PublicAddresses => self.public_addresses.as_ref(),
            Setting::DnsResolver => self.dns_resolver.as_ref(),
            Setting::Instance => self.instance.as_ref(),
            Setting::DatabaseUrl => self.database_url.as_ref(),
            Setting::PostgresBinDir => self.postgres_bin_dir.as_ref(),
            Setting::AgentSocket => self.agent_socket.as_ref(),
            Setting::ProxyHttpPort => self.proxy_http_port.as_ref(),
            Setting::ProxyHttpsPort => self.proxy_https_port.as_ref(),
            Setting::TraefikImage => self.traefik_image.as_ref(),
            Setting::AcmeDirectory => self.acme_directory.as_ref(),
            Setting::AcmeCa => self.acme_ca.as_ref(),
            Setting::AcmeEmail => self.acme_email.as_ref(),
            Setting::BindPaths => self.bind_paths.as_ref(),
            Setting::Compose => self.compose.as_ref(),
            Setting::LogDays => self.log_days.as_ref(),
            Setting::DeliveryDays => self.delivery_days.as_ref(),
            Setting::ServerUser => self.server_user.as_ref(),
            Setting::DatabaseUser => self.db_user.as_ref(),
        }
    }
}
