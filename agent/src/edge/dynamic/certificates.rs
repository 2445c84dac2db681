//! The files of certificates, and of an authority's requests.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use longshore_domain::DomainName;
use sha2::{Digest as _, Sha256};

use super::model::{Certificate, Http, Router, TlsStore};
use super::{CHALLENGE_PRIORITY, File, WEB, add_address, marked, marked_with};
use crate::certificates::CHALLENGE_PATH;

/// Part of the name of a host's file.
pub(in crate::edge) fn tag(host: &DomainName) -> String {
    hex::encode(&Sha256::digest(host.as_str())[..12])
}

/// A file that gives the proxy a certificate. The texts stand in it themselves, so that
/// certificate and key change at the same moment.
pub(in crate::edge) fn certificate_file(
    host: &DomainName,
    chain: &str,
    private_key: &str,
    secret: &str,
) -> File {
    let tls = TlsStore {
        certificates: vec![Certificate {
            cert_file: chain.to_owned(),
            key_file: private_key.to_owned(),
        }],
    };
    let heading = format!("# longshore certificate {host}");
    let name = format!("certificate-{}", tag(host));
    marked_with(Http::default(), Some(tls), &heading, &name, secret)
}

/// A file that sends an authority's requests about some hosts to the agent.
pub(in crate::edge) fn challenges_file(hosts: &[DomainName], to: SocketAddr, secret: &str) -> File {
    const NAME: &str = "challenges";
    let mut http = Http::default();
    add_address(&mut http, NAME, to);
    let routers = hosts.iter().map(|host| {
        let router = Router {
            entry_points: vec![WEB],
            rule: format!("Host(`{host}`) && PathPrefix(`{CHALLENGE_PATH}`)"),
            priority: CHALLENGE_PRIORITY,
            middlewares: Vec::new(),
            service: NAME.to_owned(),
            tls: None,
        };
        (format!("challenge-{}", tag(host)), router)
    });
    http.routers = routers.collect::<BTreeMap<_, _>>();
    marked(http, "# longshore challenges", NAME, secret)
}
