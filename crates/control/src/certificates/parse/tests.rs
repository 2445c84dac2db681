use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::{Uploaded, Wrong, read};

const NOW: OffsetDateTime = datetime!(2026-06-01 0:00 UTC);

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

fn params(hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.not_before = NOW - Duration::DAY;
    params.not_after = NOW + Duration::days(90);
    params
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = params(&[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::OrganizationName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    fn issue(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn wrong(result: Result<Uploaded, Wrong>) -> String {
    let wrong = result.unwrap_err();
    format!("{} {}", wrong.field, wrong.message)
}

#[test]
fn a_chain_with_its_key_is_taken() {
    let authority = Authority::new("Example Trust");
    let (leaf, key) = authority.issue(&params(&["*.example.com", "example.com"]));
    let chain = format!("a comment\n{leaf}\n{}", authority.issuer.pem());
    let taken = read(&chain, &key, NOW).unwrap();
    assert_eq!(taken.issuer, "Example Trust");
    assert_eq!(taken.hosts.len(), 2);
    assert_eq!(taken.chain.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(!taken.chain.contains("comment"));
    // What was written is read again.
    let again = read(&taken.chain, taken.private_key.expose(), NOW).unwrap();
    assert_eq!(again.fingerprint, taken.fingerprint);
}

#[test]
fn a_certificate_for_cloudflare_is_named_as_such() {
    let authority = Authority::new("CloudFlare, Inc. CloudFlare Origin SSL Certificate Authority");
    let (leaf, key) = authority.issue(&params(&["example.com"]));
    let taken = read(&leaf, &key, NOW).unwrap();
    assert!(
        taken.issuer.starts_with("Cloudflare Origin CA"),
        "{}",
        taken.issuer
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let authority = Authority::new("Example Trust");
    let other = Authority::new("Other");
    let (leaf, key) = authority.issue(&params(&["example.com"]));
    let (_, strange) = other.issue(&params(&["example.com"]));
    let root = authority.issuer.pem();
    for (chain, key, expected) in [
        (leaf.clone(), strange, "private_key does not belong"),
        (
            format!("{root}{leaf}"),
            key.clone(),
            "chain is out of order",
        ),
        (
            format!("{leaf}{}", other.issuer.pem()),
            key.clone(),
            "chain is out of order",
        ),
        ("hello".to_owned(), key.clone(), "chain must be PEM"),
        (
            leaf.clone(),
            "hello".to_owned(),
            "private_key must be a key",
        ),
        (
            leaf.clone(),
            "-----BEGIN ENCRYPTED PRIVATE KEY-----".to_owned(),
            "private_key is protected",
        ),
    ] {
        let found = wrong(read(&chain, &key, NOW));
        assert!(found.starts_with(expected), "{found}");
    }
    let found = wrong(read(&leaf, &key, NOW + Duration::days(91)));
    assert!(found.starts_with("chain ran out on 2026-08-30"), "{found}");
    let found = wrong(read(&leaf, &key, NOW - Duration::days(9)));
    assert!(found.starts_with("chain is not valid before"), "{found}");
    let (nameless, key) = authority.issue(&params(&[]));
    let found = wrong(read(&nameless, &key, NOW));
    assert!(found.starts_with("chain names no host"), "{found}");
}
