//! Where a name leads, and whether that is here.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use hickory_proto::rr::{Name, RData, RecordType};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use longshore_domain::DomainName;
use longshore_domain::route::cloudflare;

/// How long one DNS server may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Name servers of a zone that are asked for a new record.
const ENOUGH_SERVERS: usize = 4;
const DNS_PORT: u16 = 53;

/// What DNS says of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leads {
    /// To this machine, as far as can be told; perhaps with something to be noted.
    Here(Option<String>),
    /// Nowhere yet, or elsewhere; in words.
    Elsewhere(String),
}

/// Asks DNS.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    server: Option<SocketAddr>,
    /// Addresses at which the machine is reached from outside, when configured.
    public: Vec<IpAddr>,
}

impl Resolver {
    /// One that asks a given server, else those of the machine.
    pub(super) fn new(server: Option<SocketAddr>, public: Vec<IpAddr>) -> Self {
        Self { server, public }
    }

    /// A fresh one each time: what was not there a minute ago must not be remembered.
    fn open(server: Option<SocketAddr>) -> Result<TokioResolver, String> {
        let trouble = |error: &dyn std::fmt::Display| format!("DNS cannot be asked: {error}.");
        let mut builder = match server {
            None => TokioResolver::builder_tokio().map_err(|error| trouble(&error))?,
            Some(server) => {
                let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
                for connection in &mut connections {
                    connection.port = server.port();
                }
                let server = NameServerConfig::new(server.ip(), true, connections);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        builder.options_mut().timeout = PATIENCE;
        builder.options_mut().attempts = 2;
        builder.build().map_err(|error| trouble(&error))
    }

    /// Whether requests for a name come to this machine.
    pub(super) async fn leads_here(&self, host: &DomainName) -> Leads {
        let found = match self.addresses(host.as_str()).await {
            Ok(found) => found,
            Err(message) => return Leads::Elsewhere(message),
        };
        judge(host, &found, &self.public, is_own)
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        let resolver = Self::open(self.server)?;
        let mut found = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            match resolver.lookup(absolute(host)?, kind).await {
                Ok(answer) => {
                    let addresses =
                        answer
                            .answers()
                            .iter()
                            .filter_map(|record| match &record.data {
                                RData::A(address) => Some(IpAddr::V4(address.0)),
                                RData::AAAA(address) => Some(IpAddr::V6(address.0)),
                                _ => None,
                            });
                    found.extend(addresses);
                }
                Err(error) if error.is_no_records_found() || error.is_nx_domain() => {}
                Err(error) => {
                    return Err(format!("DNS does not answer for {host}: {error}."));
                }
            }
        }
        Ok(found)
    }

    /// The name servers of the first of these zones that has some: those that know a new
    /// record first, and whose answers nobody remembers. None when one server is to be asked
    /// for everything, or they are not found.
    pub(super) async fn servers_of(&self, zones: impl Iterator<Item = &str>) -> Vec<SocketAddr> {
        if self.server.is_some() {
            return Vec::new();
        }
        self.name_servers(zones)
            .await
            .into_iter()
            .map(|address| SocketAddr::new(address, DNS_PORT))
            .collect()
    }

    /// Addresses of a zone's name servers, of IPv4 first.
    async fn name_servers(&self, zones: impl Iterator<Item = &str>) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        for zone in zones {
            for name in self.names_of_servers(zone).await {
                addresses.extend(self.addresses(&name).await.unwrap_or_default());
                if addresses.len() >= ENOUGH_SERVERS {
                    break;
                }
            }
            if !addresses.is_empty() {
                break;
            }
        }
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.truncate(ENOUGH_SERVERS);
        addresses
    }

    async fn names_of_servers(&self, zone: &str) -> Vec<String> {
        let (Ok(resolver), Ok(zone)) = (Self::open(self.server), absolute(zone)) else {
            return Vec::new();
        };
        let Ok(answer) = resolver.lookup(zone.clone(), RecordType::NS).await else {
            return Vec::new();
        };
        let servers = answer.answers().iter().filter(|record| record.name == zone);
        servers
            .filter_map(|record| match &record.data {
                RData::NS(server) => Some(server.0.to_string()),
                _ => None,
            })
            .collect()
    }

    /// Whether every one of these servers that answers has a text at a name; the machine's own
    /// are asked when none of them answers, or none has any text there: the name may lead
    /// to another zone, which they do not know.
    pub(super) async fn see(
        &self,
        name: &str,
        value: &str,
        servers: &[SocketAddr],
    ) -> Result<bool, String> {
        let has = |texts: &Vec<String>| texts.iter().any(|text| text == value);
        let mut answers = Vec::new();
        for server in servers {
            answers.extend(self.texts(name, Some(*server)).await);
        }
        if answers.iter().all(Vec::is_empty) {
            return self.texts(name, None).await.map(|texts| has(&texts));
        }
        Ok(answers.iter().all(has))
    }

    /// The texts of a name's TXT records, as one server or the machine's own see them.
    pub(super) async fn texts(
        &self,
        name: &str,
        server: Option<SocketAddr>,
    ) -> Result<Vec<String>, String> {
        let resolver = Self::open(server.or(self.server))?;
        match resolver.lookup(absolute(name)?, RecordType::TXT).await {
            Ok(answer) => {
                let texts = answer
                    .answers()
                    .iter()
                    .filter_map(|record| match &record.data {
                        RData::TXT(text) => Some(text.to_string()),
                        _ => None,
                    });
                Ok(texts.collect())
            }
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
            Err(error) => Err(format!("DNS does not answer for {name}: {error}.")),
        }
    }
}

fn absolute(name: &str) -> Result<Name, String> {
    let mut name =
        Name::from_ascii(name).map_err(|error| format!("{name} is no name: {error}."))?;
    name.set_fqdn(true);
    Ok(name)
}

/// An address of this machine can be bound; nobody else's can.
fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// Addresses that only a local network can reach.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_private() || address.is_loopback() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

fn judge(
    host: &DomainName,
    found: &[IpAddr],
    public: &[IpAddr],
    is_own: impl Fn(IpAddr) -> bool,
) -> Leads {
    let list = |addresses: &[IpAddr]| {
        let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    if found.is_empty() {
        let ours = if public.is_empty() {
            "this server's public address".to_owned()
        } else {
            list(public)
        };
        return Leads::Elsewhere(format!(
            "{host} has no A or AAAA record yet. Point it at {ours}."
        ));
    }
    if found
        .iter()
        .all(|address| cloudflare::is_cloudflare(*address))
    {
        return Leads::Here(Some(format!(
            "{host} leads to Cloudflare, whose proxy must pass plain HTTP on to this server for a certificate by HTTP-01."
        )));
    }
    let strange: Vec<IpAddr> = found
        .iter()
        .copied()
        .filter(|address| !public.contains(address) && !is_own(*address))
        .collect();
    if strange.is_empty() {
        let private: Vec<IpAddr> = found
            .iter()
            .copied()
            .filter(|found| is_private(*found))
            .collect();
        return Leads::Here((!private.is_empty()).then(|| {
            format!(
                "{host} leads to {}, which a public authority cannot reach.",
                list(&private)
            )
        }));
    }
    if public.is_empty() {
        // Behind address translation the machine does not know its own public address.
        return Leads::Here(Some(format!(
            "{host} leads to {}; whether that is this server cannot be told, since public_addresses is not set.",
            list(&strange)
        )));
    }
    Leads::Elsewhere(format!(
        "{host} leads to {}, but this server is {}. Every A and AAAA record must lead here.",
        list(&strange),
        list(public)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::dns::tests::NameServer;

    #[tokio::test]
    async fn a_new_record_is_looked_for_at_the_servers_of_its_zone() {
        let parent = NameServer::start().await;
        parent.add_server("example.com", "ns1.example.net");
        parent.add_server("example.com", "ns2.example.net");
        parent.add_address("ns1.example.net", [127, 0, 0, 1]);
        parent.add_address("ns2.example.net", [127, 0, 0, 2]);
        let resolver = Resolver::new(Some(parent.address), Vec::new());
        let zones = || ["a.example.com", "example.com"].into_iter();
        let mut found = resolver.name_servers(zones()).await;
        found.sort();
        assert_eq!(found, [IpAddr::from([127, 0, 0, 1]), [127, 0, 0, 2].into()]);
        // The one that is to be asked for everything is.
        assert!(resolver.servers_of(zones()).await.is_empty());
    }

    #[tokio::test]
    async fn a_record_is_seen_when_every_server_that_answers_has_it() {
        let (first, second) = (NameServer::start().await, NameServer::start().await);
        let own = NameServer::start().await;
        let resolver = Resolver::new(Some(own.address), Vec::new());
        let servers = [first.address, second.address];
        let name = "_acme-challenge.example.com";
        let see = async |servers: &[SocketAddr]| resolver.see(name, "new", servers).await;
        first.add_text(name, "new");
        second.add_text(name, "old");
        assert_eq!(see(&servers).await, Ok(false));
        second.add_text(name, "new");
        assert_eq!(see(&servers).await, Ok(true));
        // One that nobody answers at counts for nothing; without any, the machine's own does.
        let silent: SocketAddr = "127.0.0.1:1".parse().unwrap();
        assert_eq!(see(&[silent, first.address]).await, Ok(true));
        assert_eq!(see(&[silent]).await, Ok(false));
        own.add_text(name, "new");
        assert_eq!(see(&[]).await, Ok(true));
    }

    fn judged(found: &[&str], public: &[&str]) -> Leads {
        let read = |texts: &[&str]| -> Vec<IpAddr> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let host = "a.example.com".parse().unwrap();
        judge(&host, &read(found), &read(public), |address| {
            address.is_loopback()
        })
    }

    #[test]
    fn a_name_leads_here_or_it_is_said_where() {
        assert_eq!(
            judged(&["203.0.113.7"], &["203.0.113.7"]),
            Leads::Here(None)
        );
        for (found, public, word) in [
            (
                &[][..],
                &["203.0.113.7"][..],
                "no A or AAAA record yet. Point it at 203.0.113.7.",
            ),
            (
                &["198.51.100.1"],
                &["203.0.113.7"],
                "leads to 198.51.100.1, but this server is 203.0.113.7",
            ),
            (
                &["203.0.113.7", "2001:db8::1"],
                &["203.0.113.7"],
                "leads to 2001:db8::1",
            ),
        ] {
            let Leads::Elsewhere(text) = judged(found, public) else {
                panic!("{found:?} leads here");
            };
            assert!(text.contains(word), "{text}");
        }
        for (found, public, word) in [
            (&["104.16.0.1"][..], &["203.0.113.7"][..], "Cloudflare"),
            (&["127.0.0.1"], &[], "cannot reach"),
            (&["198.51.100.1"], &[], "cannot be told"),
        ] {
            let Leads::Here(Some(text)) = judged(found, public) else {
                panic!("{found:?} does not lead here");
            };
            assert!(text.contains(word), "{text}");
        }
    }
}
