//! What a certificate says of itself.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// For how long, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: OffsetDateTime,
    pub(super) until: OffsetDateTime,
    pub(super) issuer: String,
}

/// Of the first certificate of a chain; none when it is none.
pub(super) fn validity(chain: &str) -> Option<Validity> {
    let der = CertificateDer::from_pem_slice(chain.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let issuer = certificate.issuer();
    let name = |names: Option<&str>| names.map(str::to_owned);
    let organization = issuer
        .iter_organization()
        .next()
        .and_then(|name| name.as_str().ok());
    let common = issuer
        .iter_common_name()
        .next()
        .and_then(|name| name.as_str().ok());
    Some(Validity {
        from: certificate.validity().not_before.to_datetime(),
        until: certificate.validity().not_after.to_datetime(),
        issuer: name(organization).or(name(common)).unwrap_or_default(),
    })
}
