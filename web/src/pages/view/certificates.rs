//! The team's own certificates, its DNS providers, and how a domain's certificate does.

use askama::Template;
use longshore_control::{
    CertificateOnMachine, CertificatePhase, CertificateView, DnsProviderSettings, DnsProviderView,
};
use time::{Duration, OffsetDateTime};

use super::{FieldErrors, FlashTone, Icon, Page, When};

/// From so many days on, an own certificate is told of before it runs out.
const SOON: Duration = Duration::days(30);

/// Certificates and DNS providers of the team.
#[derive(Template)]
#[template(path = "certificates/index.html")]
pub struct CertificatesPage {
    /// The frame.
    pub page: Page,
    /// The certificates.
    pub certificates: Vec<CertificateRow>,
    /// The DNS providers.
    pub providers: Vec<ProviderRow>,
    /// The forms for new ones.
    pub form: CertificateForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// A certificate in the list.
#[derive(Debug, Clone)]
pub struct CertificateRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its hosts.
    pub hosts: String,
    /// Who issued it.
    pub issuer: String,
    /// The day on which it runs out.
    pub until: String,
    /// Whether that is soon; the tone.
    pub tone: &'static str,
    /// The domains that use it.
    pub used_by: String,
}

impl CertificateRow {
    /// A certificate in the list.
    pub fn new(certificate: &CertificateView, now: OffsetDateTime) -> Self {
        let left = certificate.not_after - now;
        let hosts: Vec<&str> = certificate.hosts.iter().map(AsRef::as_ref).collect();
        Self {
            id: certificate.id.to_string(),
            name: certificate.name.clone(),
            hosts: hosts.join(", "),
            issuer: certificate.issuer.clone(),
            until: certificate.not_after.date().to_string(),
            tone: if left <= Duration::ZERO {
                "tone-bad"
            } else if left < SOON {
                "tone-warn"
            } else {
                ""
            },
            used_by: certificate.used_by.join(", "),
        }
    }
}

/// A DNS provider in the list.
#[derive(Debug, Clone)]
pub struct ProviderRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind and settings, in words.
    pub what: String,
}

impl ProviderRow {
    /// A DNS provider in the list.
    pub fn new(provider: &DnsProviderView) -> Self {
        let what = match &provider.settings {
            DnsProviderSettings::Cloudflare => "Cloudflare".to_owned(),
            DnsProviderSettings::Rfc2136 {
                server, key_name, ..
            } => {
                format!("RFC 2136 at {server} with the key {key_name}")
            }
            DnsProviderSettings::Webhook { url, .. } => format!("Webhook {url}"),
        };
        Self {
            id: provider.id.to_string(),
            name: provider.name.clone(),
            what,
        }
    }
}

/// New ones as typed, without keys and secrets.
#[derive(Debug, Clone)]
pub struct CertificateForm {
    /// The certificate's name.
    pub name: String,
    /// The chain.
    pub chain: String,
    /// The DNS provider's name.
    pub provider_name: String,
    /// `cloudflare`, `rfc2136` or `webhook`.
    pub kind: String,
    /// The DNS server.
    pub server: String,
    /// The zone.
    pub zone: String,
    /// The key's name.
    pub key_name: String,
    /// The key's algorithm.
    pub algorithm: String,
    /// The webhook.
    pub url: String,
    /// The webhook's user.
    pub username: String,
}

impl Default for CertificateForm {
    fn default() -> Self {
        let empty = String::new;
        Self {
            name: empty(),
            chain: empty(),
            provider_name: empty(),
            kind: "cloudflare".to_owned(),
            server: empty(),
            zone: empty(),
            key_name: empty(),
            algorithm: "hmac-sha256".to_owned(),
            url: empty(),
            username: empty(),
        }
    }
}

/// How a domain's certificate does, in words.
#[derive(Debug, Clone)]
pub struct CertificateStatusView {
    /// A word.
    pub word: String,
    /// Its tone.
    pub tone: &'static str,
    /// Its icon.
    pub icon: Icon,
    /// Sentences: why it fails, or what is waited for.
    pub problem: String,
    /// Sentences: what was noticed.
    pub note: String,
    /// What comes next, in words.
    pub next: String,
    /// What happened, the newest first.
    pub history: Vec<HistoryRow>,
}

/// Something that happened to a certificate.
#[derive(Debug, Clone)]
pub struct HistoryRow {
    /// When.
    pub at: When,
    /// What.
    pub text: String,
}

impl CertificateStatusView {
    /// What the machine says of a certificate.
    pub fn new(found: &CertificateOnMachine, now: OffsetDateTime) -> Self {
        let day = |at: OffsetDateTime| at.date().to_string();
        let until = found.valid_until.map(day);
        let is_over = found.valid_until.is_some_and(|until| until <= now);
        let (word, tone, icon) = match (found.state, &until) {
            _ if is_over => ("Ran out".to_owned(), "tone-bad", Icon::Alert),
            (CertificatePhase::Failing, Some(until)) => (
                format!("Valid until {until}; renewal fails"),
                "tone-warn",
                Icon::Alert,
            ),
            (CertificatePhase::Failing, None) => {
                ("No certificate yet".to_owned(), "tone-bad", Icon::Alert)
            }
            (CertificatePhase::Asking, None) => {
                ("Being asked for".to_owned(), "tone-busy", Icon::Clock)
            }
            (CertificatePhase::Asking, Some(_)) => {
                ("Being renewed".to_owned(), "tone-busy", Icon::Clock)
            }
            (CertificatePhase::WaitingForDns, _) => {
                ("Waiting for DNS".to_owned(), "tone-warn", Icon::Clock)
            }
            (_, Some(until)) => (
                format!("Valid until {until}"),
                "tone-good",
                Icon::CheckCircle,
            ),
            (_, None) => ("Waiting".to_owned(), "", Icon::Clock),
        };
        let next = match (found.failing_since, found.next_attempt, found.state) {
            (Some(since), Some(next), _) => format!(
                "Failing since {}; the next attempt is at {} UTC.",
                minute(since),
                minute(next)
            ),
            (None, Some(next), CertificatePhase::WaitingForDns) => {
                format!("It is looked at again at {} UTC.", minute(next))
            }
            (None, Some(next), CertificatePhase::Valid) => {
                format!("It is renewed on {}.", day(next))
            }
            _ => String::new(),
        };
        Self {
            word,
            tone,
            icon,
            problem: found.problem.clone().unwrap_or_default(),
            note: found.note.clone().unwrap_or_default(),
            next,
            history: found
                .history
                .iter()
                .map(|event| HistoryRow {
                    at: When::new(event.at, now),
                    text: event.text.clone(),
                })
                .collect(),
        }
    }
}

fn minute(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute())
}
