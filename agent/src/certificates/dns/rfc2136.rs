//! Dynamic updates of a DNS server (RFC 2136), signed with TSIG (RFC 8945).

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hickory_proto::op::{Message, Query, ResponseCode, update_message};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{Name, RData, RecordSet, RecordType, TSigner};
use longshore_agent_api::DnsAccess;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Record, Trouble};
use crate::clock;

const PATIENCE: Duration = Duration::from_secs(10);
/// For how long others may remember the record.
const TTL_SECONDS: u32 = 30;
/// How far the clocks may differ, in seconds; what RFC 8945 recommends.
const FUDGE_SECONDS: u16 = 300;

struct Server {
    address: SocketAddr,
    signer: TSigner,
    zone: Option<Name>,
}

/// Adds the record; gives the server's address.
pub(super) async fn present(access: &DnsAccess, record: &Record) -> Result<SocketAddr, Trouble> {
    let server = Server::new(access).await?;
    let zone = server.zone(record).await?;
    let set = record_set(record)?;
    server
        .update(update_message::append(set, zone, false, false))
        .await?;
    Ok(server.address)
}

/// Removes the record alone; others of the same name stay.
pub(super) async fn clean_up(access: &DnsAccess, record: &Record) -> Result<(), Trouble> {
    let server = Server::new(access).await?;
    let zone = server.zone(record).await?;
    let set = record_set(record)?;
    server
        .update(update_message::delete_by_rdata(set, zone, false))
        .await
}

fn record_set(record: &Record) -> Result<RecordSet, Trouble> {
    let name = name(&record.name)?;
    let text = RData::TXT(TXT::new(vec![record.value.clone()]));
    let mut set = RecordSet::with_ttl(name.clone(), RecordType::TXT, TTL_SECONDS);
    set.insert(
        hickory_proto::rr::Record::from_rdata(name, TTL_SECONDS, text),
        0,
    );
    Ok(set)
}

fn name(text: &str) -> Result<Name, Trouble> {
    let mut name = Name::from_ascii(text)
        .map_err(|_| Trouble::new(format!("{text} is not a name that DNS can hold.")))?;
    name.set_fqdn(true);
    Ok(name)
}

impl Server {
    async fn new(access: &DnsAccess) -> Result<Self, Trouble> {
        let DnsAccess::Rfc2136 {
            server,
            zone,
            key_name,
            algorithm,
            key,
        } = access
        else {
            return Err(Trouble::new("The DNS provider is none of RFC 2136."));
        };
        let algorithm = match algorithm.as_str() {
            "hmac-sha384" => TsigAlgorithm::HmacSha384,
            "hmac-sha512" => TsigAlgorithm::HmacSha512,
            _ => TsigAlgorithm::HmacSha256,
        };
        let key = BASE64_STANDARD
            .decode(key.expose().trim())
            .map_err(|_| Trouble::new("The DNS provider's key is not base64."))?;
        let signer = TSigner::new(key, algorithm, name(key_name)?, FUDGE_SECONDS)
            .map_err(|_| Trouble::new("The DNS provider's key cannot be used."))?;
        let address = tokio::net::lookup_host(server)
            .await
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| Trouble::new(format!("The DNS server {server} is not known.")))?;
        let zone = zone.as_ref().map(|zone| name(zone.as_str())).transpose()?;
        Ok(Self {
            address,
            signer,
            zone,
        })
    }

    /// The zone that holds a record: as configured, else the one for which the server is
    /// asked and answers.
    async fn zone(&self, record: &Record) -> Result<Name, Trouble> {
        let own = name(&record.name)?;
        if let Some(zone) = &self.zone {
            if zone.zone_of(&own) {
                return Ok(zone.clone());
            }
            return Err(Trouble::new(format!(
                "{} is not in the DNS provider's zone {zone}.",
                record.name
            )));
        }
        for zone in record.zones() {
            let zone = name(zone)?;
            let mut question = Message::query();
            question.add_query(Query::query(zone.clone(), RecordType::SOA));
            let asked = question
                .to_vec()
                .map_err(|_| Trouble::new("No question."))?;
            let answer = self.exchange(&asked).await?;
            let answer = Message::from_vec(&answer).map_err(|_| self.nonsense())?;
            let is_zone = answer
                .answers
                .iter()
                .any(|record| record.record_type() == RecordType::SOA && record.name == zone);
            if is_zone {
                return Ok(zone);
            }
        }
        Err(Trouble::new(format!(
            "The DNS server {} has no zone for {}.",
            self.address, record.name
        )))
    }

    async fn update(&self, mut message: Message) -> Result<(), Trouble> {
        let now = u64::try_from(clock::now().unix_timestamp()).unwrap_or_default();
        let verifier = message
            .finalize(&self.signer, now)
            .map_err(|_| Trouble::new("The DNS update cannot be signed."))?;
        let update = message
            .to_vec()
            .map_err(|_| Trouble::new("The DNS update cannot be written."))?;
        let answer = self.exchange(&update).await?;
        let code = Message::from_vec(&answer)
            .map_err(|_| self.nonsense())?
            .response_code;
        if code != ResponseCode::NoError {
            let hint = match code {
                ResponseCode::NotAuth | ResponseCode::BADSIG | ResponseCode::BADKEY => {
                    " Check the key's name, algorithm and secret, and both clocks."
                }
                ResponseCode::Refused => " The key may not change this name.",
                _ => "",
            };
            return Err(Trouble::new(format!(
                "The DNS server {} refused the update: {code}.{hint}",
                self.address
            )));
        }
        if let Some(mut verifier) = verifier {
            verifier.verify(&answer).map_err(|_| {
                Trouble::new(format!(
                    "The answer of the DNS server {} is not signed with the key.",
                    self.address
                ))
            })?;
        }
        Ok(())
    }

    fn nonsense(&self) -> Trouble {
        Trouble::new(format!("The answer of {} is none of DNS.", self.address))
    }

    /// One question and its answer over TCP.
    async fn exchange(&self, question: &[u8]) -> Result<Vec<u8>, Trouble> {
        let asked = async {
            let mut stream = TcpStream::connect(self.address).await?;
            let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
            stream.write_all(&length.to_be_bytes()).await?;
            stream.write_all(question).await?;
            let length = stream.read_u16().await?;
            let mut answer = vec![0; usize::from(length)];
            stream.read_exact(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        match timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Trouble::new(format!(
                "The DNS server {} cannot be reached: {error}.",
                self.address
            ))),
            Err(_) => Err(Trouble::new(format!(
                "The DNS server {} does not answer.",
                self.address
            ))),
        }
    }
}
