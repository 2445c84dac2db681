//! DNS records that show that a name is ours.

mod cloudflare;
mod rfc2136;
mod webhook;

use std::net::SocketAddr;
use std::time::Duration;

use longshore_agent_api::DnsAccess;
use longshore_domain::DomainName;
use tokio::time::{Instant, sleep};

use super::http_client::HttpClient;
use super::look_up::Resolver;
use super::words::Trouble;

/// The longest until a record is seen.
const PROPAGATION: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_secs(2);

/// A record that was made, and has to be taken away.
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

/// Makes a record, and waits until it is seen.
pub(super) async fn present(
    access: &DnsAccess,
    http: &HttpClient,
    resolver: &Resolver,
    record: &Record,
) -> Result<(), Trouble> {
    let server = match access {
        DnsAccess::Cloudflare { token } => {
            cloudflare::present(http, token, record).await?;
            None
        }
        DnsAccess::Rfc2136 { .. } => Some(rfc2136::present(access, record).await?),
        DnsAccess::Webhook { .. } => {
            webhook::send(http, access, "present", record).await?;
            None
        }
    };
    wait_until_seen(resolver, server, record).await
}

/// Takes a record away.
pub(super) async fn clean_up(
    access: &DnsAccess,
    http: &HttpClient,
    record: &Record,
) -> Result<(), Trouble> {
    match access {
        DnsAccess::Cloudflare { token } => cloudflare::clean_up(http, token, record).await,
        DnsAccess::Rfc2136 { .. } => rfc2136::clean_up(access, record).await,
        DnsAccess::Webhook { .. } => webhook::send(http, access, "cleanup", record).await,
    }
}

async fn wait_until_seen(
    resolver: &Resolver,
    server: Option<SocketAddr>,
    record: &Record,
) -> Result<(), Trouble> {
    let deadline = Instant::now() + PROPAGATION;
    loop {
        let seen = resolver.texts(&record.name, server).await;
        if seen
            .as_ref()
            .is_ok_and(|texts| texts.contains(&record.value))
        {
            return Ok(());
        }
        if Instant::now() > deadline {
            let reason = match seen {
                Err(message) => format!(" {message}"),
                Ok(_) => String::new(),
            };
            return Err(Trouble::new(format!(
                "The TXT record {} was made, but is not seen after {} seconds.{reason}",
                record.name,
                PROPAGATION.as_secs()
            )));
        }
        sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    #[test]
    fn zones_are_looked_for_from_the_longest_on() {
        let record = Record::proof(&"*.a.example.com".parse().unwrap(), String::new());
        assert_eq!(record.name, "_acme-challenge.a.example.com");
        let zones: Vec<&str> = record.zones().collect();
        assert_eq!(zones, ["a.example.com", "example.com"]);
    }
}
