//! Configuration: every setting of Longshore, read once at start.
//!
//! A value comes from a flag, else from a variable, else from the configuration file, else it is
//! the default. Everything is parsed before anything is started, and all faults are reported
//! together, so that nobody has to fix them one start at a time. Start reading at [`load`].

mod error;
mod parse;
mod reader;
mod setting;
mod values;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use longshore_control::work::Retention;

pub use error::{ConfigErrors, Problem};
pub use reader::{DEFAULT_FILE, Environment, FlagValues};
pub use setting::{Setting, Source};
pub use values::{AcmeSettings, Config, DatabaseUrl, InstanceName, ProxySettings};

use reader::Reader;

/// Reads and checks every setting.
///
/// # Errors
/// All problems at once: unreadable file, unknown names in it, values that do not parse, and
/// values that contradict each other.
pub fn load(flags: &FlagValues, environment: &Environment) -> Result<Config, ConfigErrors> {
    let mut reader = Reader::open(flags, environment);

    let data_dir = reader.required(Setting::DataDir, parse::absolute_path);
    let run_dir = reader.required(Setting::RunDir, parse::socket_directory);
    let listen = reader.required(Setting::Listen, parse::listen_address);
    let public_url = reader.optional(Setting::PublicUrl, parse::base_url);
    let trusted_proxies = reader.optional(Setting::TrustedProxies, parse::ip_ranges);
    let public_addresses = reader.optional(Setting::PublicAddresses, parse::ip_addresses);
    let dns_resolver = reader.optional(Setting::DnsResolver, parse::name_server);
    let instance = reader.required(Setting::Instance, parse::instance_name);
    let database_url = reader.optional(Setting::DatabaseUrl, parse::database_url);
    let postgres_bin_dir = reader.optional(Setting::PostgresBinDir, parse::absolute_path);
    let agent_socket = reader.optional(Setting::AgentSocket, parse::socket_path);
    let plain_port = reader.required(Setting::ProxyHttpPort, parse::port);
    let tls_port = reader.required(Setting::ProxyHttpsPort, parse::port);
    let traefik_image = reader.required(Setting::TraefikImage, parse::image_reference);
    let acme_directory = reader.optional(Setting::AcmeDirectory, parse::acme_directory);
    let acme_ca = reader.optional(Setting::AcmeCa, parse::existing_file);
    let acme_email = reader.optional(Setting::AcmeEmail, parse::email);
    let compose = reader.optional(Setting::Compose, parse::absolute_path);
    let bind_paths = reader.optional(Setting::BindPaths, parse::directories);
    let log_days = reader.required(Setting::LogDays, parse::days);
    let delivery_days = reader.required(Setting::DeliveryDays, parse::days);
    let server_user = reader.optional(Setting::ServerUser, parse::user_name);
    let database_user = reader.optional(Setting::DatabaseUser, parse::user_name);

    if let (Some(http), Some(https)) = (plain_port, tls_port)
        && http == https
    {
        reader.contradiction(
            Setting::ProxyHttpsPort,
            format!("a port other than {http}, which LONGSHORE_PROXY_HTTP_PORT already has"),
        );
    }
    for (port, name) in [
        (plain_port, "LONGSHORE_PROXY_HTTP_PORT"),
        (tls_port, "LONGSHORE_PROXY_HTTPS_PORT"),
    ] {
        if let (Some(port), Some(listen)) = (port, listen)
            && port == listen.port()
        {
            reader.contradiction(
                Setting::Listen,
                format!("a port other than {port}, which {name} already has"),
            );
        }
    }

    match (
        data_dir,
        run_dir,
        listen,
        instance,
        plain_port,
        tls_port,
        traefik_image,
        log_days.zip(delivery_days),
    ) {
        (
            Some(data_dir),
            Some(run_dir),
            Some(listen),
            Some(instance),
            Some(plain_port),
            Some(tls_port),
            Some(traefik_image),
            Some((log_days, delivery_days)),
        ) if reader.problems.is_empty() => Ok(Config {
            agent_socket: agent_socket.unwrap_or_else(|| run_dir.join("agent.sock")),
            data_dir,
            run_dir,
            listen,
            public_url,
            trusted_proxies: trusted_proxies.unwrap_or_default(),
            public_addresses: public_addresses.unwrap_or_default(),
            dns_resolver,
            bind_paths: bind_paths.unwrap_or_default(),
            compose,
            instance,
            database_url,
            postgres_bin_dir,
            proxy: ProxySettings {
                http_port: plain_port,
                https_port: tls_port,
                traefik_image,
            },
            acme: AcmeSettings {
                directory: acme_directory,
                certificate_authority: acme_ca,
                email: acme_email,
            },
            retention: Retention {
                log_days,
                delivery_days,
            },
            server_user,
            database_user,
        }),
        _ => Err(ConfigErrors {
            problems: reader.problems,
        }),
    }
}

/// Reads the process's environment: the only place that does.
#[expect(clippy::disallowed_methods, reason = "the one place that reads it")]
pub fn process_environment() -> Environment {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}

/// The path of this executable as it was at start, before an upgrade could replace it.
///
/// # Errors
/// When `/proc` is not mounted.
pub fn own_executable() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}
