//! The way to the dashboard on its own domain.

use std::net::SocketAddr;

use longshore_domain::DomainName;
use serde::{Deserialize, Serialize};

use crate::WireSecret;

/// The way to the dashboard on its own domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardRoute {
    /// The host.
    pub host: DomainName,
    /// Whether it is reached by HTTPS alone.
    pub is_secure: bool,
    /// Where the server listens; an unspecified address stands for all of the machine's.
    pub listen: SocketAddr,
    /// What the proxy sends along, so that the server takes its word for who asks.
    pub proof: WireSecret,
}
