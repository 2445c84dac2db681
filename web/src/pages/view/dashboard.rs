//! The dashboard's own domain.

use longshore_control::{CertificateView, DnsProviderView};
use longshore_domain::route::TlsMode;
use longshore_domain::{CertificateId, DnsProviderId};
use time::OffsetDateTime;

use super::{CertificateChoice, CertificateStatusView, FieldErrors};

/// What the page shows of it.
#[derive(Debug, Clone, Default)]
pub struct DashboardAddress {
    /// The domain that it has.
    pub present: Option<PresentAddress>,
    /// The form.
    pub form: DashboardForm,
    /// What may protect it.
    pub choices: Vec<ProtectionChoice>,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// The domain that the dashboard has.
#[derive(Debug, Clone)]
pub struct PresentAddress {
    /// Where it is reached.
    pub url: String,
    /// Whether an authority is asked for its certificate.
    pub is_by_acme: bool,
    /// How its certificate does, when it has TLS and the machine says.
    pub certificate: Option<CertificateStatusView>,
}

/// The form as typed.
#[derive(Debug, Clone)]
pub struct DashboardForm {
    /// The host.
    pub host: String,
    /// The value of a [`ProtectionChoice`].
    pub protection: String,
}

impl Default for DashboardForm {
    fn default() -> Self {
        Self {
            host: String::new(),
            protection: TlsMode::Acme.as_str().to_owned(),
        }
    }
}

/// A way to protect a host, as one choice: TLS, and by what.
#[derive(Debug, Clone)]
pub struct ProtectionChoice {
    /// `none`, `acme`, `acme:<DNS provider>` or `custom:<certificate>`.
    pub value: String,
    /// In words.
    pub label: String,
}

impl ProtectionChoice {
    /// All that a team has.
    pub fn all(
        certificates: &[CertificateView],
        providers: &[DnsProviderView],
        now: OffsetDateTime,
    ) -> Vec<Self> {
        let choice = |value: String, label: String| Self { value, label };
        let acme = choice(
            Self::value(TlsMode::Acme, None, None),
            "Certificate by ACME".to_owned(),
        );
        let by_dns = providers.iter().map(|provider| {
            choice(
                Self::value(TlsMode::Acme, None, Some(provider.id)),
                format!(
                    "Certificate by ACME, with a DNS record by {}",
                    provider.name
                ),
            )
        });
        let own = certificates.iter().map(|certificate| {
            choice(
                Self::value(TlsMode::Custom, Some(certificate.id), None),
                CertificateChoice::new(certificate, true, now).label,
            )
        });
        let none = choice(
            Self::value(TlsMode::None, None, None),
            "Plain HTTP".to_owned(),
        );
        std::iter::once(acme)
            .chain(by_dns)
            .chain(own)
            .chain([none])
            .collect()
    }

    /// The value of a choice.
    pub fn value(
        tls: TlsMode,
        certificate: Option<CertificateId>,
        dns_provider: Option<DnsProviderId>,
    ) -> String {
        let by = certificate
            .map(|id| id.to_string())
            .or(dns_provider.map(|id| id.to_string()));
        match by {
            Some(by) => format!("{}:{by}", tls.as_str()),
            None => tls.as_str().to_owned(),
        }
    }

    /// What a value stands for.
    pub fn read(value: &str) -> (&str, Option<CertificateId>, Option<DnsProviderId>) {
        let (tls, by) = value.split_once(':').unwrap_or((value, ""));
        match TlsMode::from_name(tls) {
            Some(TlsMode::Custom) => (tls, by.parse().ok(), None),
            Some(TlsMode::Acme) => (tls, None, by.parse().ok()),
            Some(TlsMode::None) | None => (tls, None, None),
        }
    }
}
