//! What the use cases must be told at start.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use longshore_domain::AllowedBinds;
use url::Url;

/// The ports on which the proxy serves people; part of the URLs of domains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyPorts {
    /// For plain HTTP.
    pub http: u16,
    /// For HTTPS.
    pub https: u16,
}

impl Default for ProxyPorts {
    fn default() -> Self {
        Self {
            http: 80,
            https: 443,
        }
    }
}

/// What the use cases must be told at start.
#[derive(Debug, Clone)]
pub struct ControlSettings {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where people and Git hosts reach this installation; part of hook URLs.
    pub public_url: Option<Url>,
    /// The file with the one-time set-up token; removed when it was used.
    pub setup_token_file: PathBuf,
    /// The name of this installation, the prefix of its objects in Docker.
    pub instance: String,
    /// The directories of the machine that services may mount.
    pub bind_paths: AllowedBinds,
    /// Addresses at which this machine is reached from outside, the usual one first.
    pub addresses: Vec<IpAddr>,
    /// Whether the proxy takes Cloudflare's word for a client's address.
    pub trusts_cloudflare: bool,
}
