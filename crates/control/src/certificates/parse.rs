//! Certificates and keys that people upload: read, checked, and written anew.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use longshore_domain::{DomainName, Secret};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// The most certificates of a chain.
const LONGEST_CHAIN: usize = 10;
/// Clocks differ.
const SKEW: time::Duration = time::Duration::hours(24);

/// A certificate with its key, as it is stored.
#[derive(Debug)]
pub(super) struct Uploaded {
    pub(super) chain: String,
    pub(super) private_key: Secret,
    pub(super) hosts: Vec<DomainName>,
    pub(super) issuer: String,
    pub(super) fingerprint: String,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

/// What is wrong with one of the two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) field: &'static str,
    pub(super) message: String,
}

fn chain_is(message: impl Into<String>) -> Wrong {
    Wrong {
        field: "chain",
        message: message.into(),
    }
}

fn key_is(message: impl Into<String>) -> Wrong {
    Wrong {
        field: "private_key",
        message: message.into(),
    }
}

/// Reads a chain and its key.
pub(super) fn read(chain: &str, key: &str, now: OffsetDateTime) -> Result<Uploaded, Wrong> {
    let chain = read_chain(chain)?;
    let key = read_key(key)?;
    let parsed: Vec<X509Certificate<'_>> = chain
        .iter()
        .map(|der| {
            X509Certificate::from_der(der)
                .map(|(_, certificate)| certificate)
                .map_err(|_| chain_is("holds a certificate that cannot be read"))
        })
        .collect::<Result<_, _>>()?;
    let leaf = parsed
        .first()
        .ok_or_else(|| chain_is("holds no certificate"))?;
    check_order(&parsed)?;
    let validity = leaf.validity();
    let (not_before, not_after) = (
        validity.not_before.to_datetime(),
        validity.not_after.to_datetime(),
    );
    if not_after <= now {
        return Err(chain_is(format!("ran out on {}", not_after.date())));
    }
    if not_before > now + SKEW {
        return Err(chain_is(format!(
            "is not valid before {}",
            not_before.date()
        )));
    }
    let hosts = hosts(leaf)?;
    let issuer = issuer(leaf);
    let fingerprint = hex::encode(Sha256::digest(&chain[0]));
    let written = chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
    let label = match &key {
        PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
        PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
        _ => "PRIVATE KEY",
    };
    let private_key = Secret::new(pem(label, key.secret_der()));
    match CertifiedKey::from_der(chain.clone(), key, &ring::default_provider()) {
        Ok(_) => {}
        Err(rustls::Error::InconsistentKeys(_)) => {
            return Err(key_is("does not belong to the certificate"));
        }
        Err(_) => {
            return Err(key_is(
                "must be an RSA key of 2048 bits or more, or an ECDSA P-256, P-384 or Ed25519 key",
            ));
        }
    }
    Ok(Uploaded {
        chain: written,
        private_key,
        hosts,
        issuer,
        fingerprint,
        not_before,
        not_after,
    })
}

fn read_chain(text: &str) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let found = found.map_err(|_| chain_is("must be PEM, from -----BEGIN CERTIFICATE----- on"))?;
    if found.is_empty() {
        return Err(chain_is("must be PEM, from -----BEGIN CERTIFICATE----- on"));
    }
    if found.len() > LONGEST_CHAIN {
        return Err(chain_is(format!(
            "may hold at most {LONGEST_CHAIN} certificates"
        )));
    }
    Ok(found)
}

fn read_key(text: &str) -> Result<PrivateKeyDer<'static>, Wrong> {
    if text.contains("ENCRYPTED") {
        return Err(key_is("is protected by a passphrase; send it without"));
    }
    PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| key_is("must be a key as PEM, from -----BEGIN PRIVATE KEY----- on"))
}

/// Each certificate must be followed by the one that signed it.
fn check_order(chain: &[X509Certificate<'_>]) -> Result<(), Wrong> {
    for (index, pair) in chain.windows(2).enumerate() {
        let [certificate, signer] = pair else {
            continue;
        };
        let is_signed = certificate.issuer() == signer.subject()
            && certificate
                .verify_signature(Some(signer.public_key()))
                .is_ok();
        if !is_signed {
            return Err(chain_is(format!(
                "is out of order: certificate {} is not signed by certificate {}; put the host's own first, then the one that signed it, and so on",
                index + 1,
                index + 2
            )));
        }
    }
    Ok(())
}

/// The names for which a certificate is valid; those that are no host names are left out.
fn hosts(certificate: &X509Certificate<'_>) -> Result<Vec<DomainName>, Wrong> {
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| chain_is("names its hosts twice"))?;
    let mut hosts: Vec<DomainName> = names
        .into_iter()
        .flat_map(|names| &names.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => name.parse().ok(),
            _ => None,
        })
        .collect();
    hosts.sort();
    hosts.dedup();
    if hosts.is_empty() {
        return Err(chain_is(
            "names no host; the host's own certificate must come first and have alternative names",
        ));
    }
    Ok(hosts)
}

fn issuer(certificate: &X509Certificate<'_>) -> String {
    let issuer = certificate.issuer();
    let text = issuer.to_string();
    if text.contains("CloudFlare Origin") || text.contains("Cloudflare Origin") {
        return "Cloudflare Origin CA (trusted by Cloudflare's proxies alone)".to_owned();
    }
    if certificate.issuer() == certificate.subject() {
        return "itself (browsers will warn)".to_owned();
    }
    let organization = issuer.iter_organization().next();
    let name = organization.or_else(|| issuer.iter_common_name().next());
    let name = name
        .and_then(|name| name.as_str().ok())
        .unwrap_or("unknown");
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let encoded = BASE64_STANDARD.encode(der);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.extend([line, "\n"]);
        rest = after;
    }
    text.extend(["-----END ", label, "-----\n"]);
    text
}

#[cfg(test)]
mod tests;
