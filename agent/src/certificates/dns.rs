//! DNS records that show that a name is ours.

mod cloudflare;
mod rfc2136;
mod webhook;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use longshore_agent_api::{DnsAccess, WireSecret};
use longshore_domain::DomainName;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use cloudflare::Cloudflare;

use super::http_client::HttpClient;
use super::look_up::Resolver;
use super::words::Trouble;

/// The longest until a record is seen.
const PROPAGATION: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_secs(2);

/// How long a call to a provider may take.
const CALL: Duration = Duration::from_secs(20);

/// A record that was made, and has to be taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The full name, without a dot at its end.
    pub(super) name: String,
    /// The text.
    pub(super) value: String,
}

impl Record {
    /// The record that an authority looks for.
    pub(super) fn proof(host: &DomainName, value: String) -> Self {
        Self {
            name: format!("_acme-challenge.{}", host.base()),
            value,
        }
    }

    /// The names of the zones that it may be in, the longest first.
    fn zones(&self) -> impl Iterator<Item = &str> {
        let labels = self
            .name
            .match_indices('.')
            .map(|(at, _)| &self.name[at + 1..]);
        labels.filter(|zone| zone.contains('.'))
    }
}

/// Where records are made, and how it is seen that they are.
pub(super) struct Dns {
    http: HttpClient,
    resolver: Resolver,
    /// Where Cloudflare's API is.
    cloudflare: String,
    /// The longest until a record is seen.
    propagation: Duration,
}

impl Dns {
    /// One that trusts the machine's authorities, or those in a file.
    pub(super) fn new(authorities: Option<&Path>, resolver: Resolver) -> Self {
        Self {
            http: HttpClient::new(authorities, CALL),
            resolver,
            cloudflare: cloudflare::API.to_owned(),
            propagation: PROPAGATION,
        }
    }

    /// Makes a record, and waits until it is seen.
    pub(super) async fn present(&self, access: &DnsAccess, record: &Record) -> Result<(), Trouble> {
        let server = match access {
            DnsAccess::Cloudflare { token } => {
                self.cloudflare(token).present(record).await?;
                None
            }
            DnsAccess::Rfc2136 { .. } => Some(rfc2136::present(access, record).await?),
            DnsAccess::Webhook { .. } => {
                webhook::send(&self.http, access, "present", record).await?;
                None
            }
        };
        self.wait_until_seen(server, record).await
    }

    /// Takes a record away.
    pub(super) async fn clean_up(
        &self,
        access: &DnsAccess,
        record: &Record,
    ) -> Result<(), Trouble> {
        match access {
            DnsAccess::Cloudflare { token } => self.cloudflare(token).clean_up(record).await,
            DnsAccess::Rfc2136 { .. } => rfc2136::clean_up(access, record).await,
            DnsAccess::Webhook { .. } => webhook::send(&self.http, access, "cleanup", record).await,
        }
    }

    fn cloudflare<'a>(&'a self, token: &'a WireSecret) -> Cloudflare<'a> {
        Cloudflare {
            http: &self.http,
            api: &self.cloudflare,
            token,
        }
    }

    async fn wait_until_seen(
        &self,
        server: Option<SocketAddr>,
        record: &Record,
    ) -> Result<(), Trouble> {
        let servers = match server {
            Some(server) => vec![server],
            // The name may be a zone of its own, for this purpose alone.
            None => {
                let zones = std::iter::once(record.name.as_str()).chain(record.zones());
                self.resolver.servers_of(zones).await
            }
        };
        let deadline = Instant::now() + self.propagation;
        loop {
            let seen = self.resolver.see(&record.name, &record.value, &servers);
            let reason = match seen.await {
                Ok(true) => return Ok(()),
                Ok(false) => String::new(),
                Err(message) => format!(" {message}"),
            };
            if Instant::now() > deadline {
                return Err(Trouble::new(format!(
                    "The TXT record {} was made, but is not seen after {} seconds.{reason}",
                    record.name,
                    self.propagation.as_secs()
                )));
            }
            sleep(POLL).await;
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
