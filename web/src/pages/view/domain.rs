//! The domains of a service, and one of them.

use askama::Template;
use longshore_control::BasicUserName;
use longshore_control::view::{CertificateView, DomainView};
use longshore_domain::route::{DomainOptions, TlsMode};
use time::OffsetDateTime;

use super::project::without_scheme;
use super::{
    CertificateStatusView, DomainOptionsForm, FieldErrors, FlashTone, Icon, Page, ServiceHead,
};

/// The domains of a service.
#[derive(Template)]
#[template(path = "service/domains.html")]
pub struct DomainsPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The domains.
    pub domains: Vec<DomainRow>,
    /// The form for a new one.
    pub form: DomainForm,
    /// The components that the live version of a stack has.
    pub components: Vec<String>,
    /// What is wrong.
    pub errors: FieldErrors,
    /// The team's DNS providers.
    pub providers: Vec<OtherService>,
    /// The team's own certificates.
    pub certificates: Vec<CertificateChoice>,
}

/// A domain in the list.
#[derive(Debug, Clone)]
pub struct DomainRow {
    /// Its id.
    pub id: String,
    /// The whole URL.
    pub url: String,
    /// The URL without the scheme.
    pub shown: String,
    /// How it is protected, in words.
    pub tls: &'static str,
    /// The icon of that.
    pub tls_icon: Icon,
    /// A port of its own; empty when it is the service's.
    pub port: String,
    /// Whether the prefix is taken off.
    pub strips: bool,
    /// What else happens to requests, in a few words each.
    pub tags: Vec<String>,
    /// The same host with `www.`, or without it; empty when it is a domain already or
    /// cannot be one.
    pub twin: String,
    /// The component of a stack; empty for other services.
    pub component: String,
    /// How its certificate does, when it has TLS and the machine says.
    pub certificate: Option<CertificateStatusView>,
}

impl DomainRow {
    /// A domain in the list of `all`.
    pub fn new(
        domain: &DomainView,
        all: &[DomainView],
        certificate: Option<CertificateStatusView>,
    ) -> Self {
        let (tls, tls_icon) = match domain.tls {
            TlsMode::None => ("Plain HTTP", Icon::Globe),
            TlsMode::Acme => ("Certificate by ACME", Icon::Shield),
            TlsMode::Custom => ("Own certificate", Icon::Lock),
        };
        let host = &domain.host;
        let twin = match host.strip_prefix("www.") {
            Some(apex) => apex.to_owned(),
            None => format!("www.{host}"),
        };
        // `www.app.example.com` is nothing that people type.
        let is_plain = host.strip_prefix("www.").unwrap_or(host).split('.').count() == 2
            && !host.starts_with("*.")
            && domain.options.redirect_to.is_none();
        let is_there = all.iter().any(|other| other.host == twin);
        Self {
            id: domain.id.to_string(),
            url: domain.url.clone(),
            shown: without_scheme(&domain.url).to_owned(),
            tls,
            tls_icon,
            port: domain.port.map(|port| port.to_string()).unwrap_or_default(),
            strips: domain.strip_prefix,
            tags: tags(&domain.options),
            certificate: certificate.filter(|_| domain.tls != TlsMode::None),
            twin: Some(twin)
                .filter(|_| is_plain && !is_there)
                .unwrap_or_default(),
            component: domain.component.clone().unwrap_or_default(),
        }
    }
}

fn tags(options: &DomainOptions<BasicUserName>) -> Vec<String> {
    let mut tags = Vec::new();
    if let Some(redirect) = &options.redirect_to {
        tags.push(format!("sends on to {}", redirect.to));
    }
    let set = [
        (!options.basic_auth.is_empty(), "password"),
        (!options.allow.is_empty(), "allowed addresses"),
        (options.behind_cloudflare, "through Cloudflare"),
        (options.rate_limit.is_some(), "rate limit"),
        (!options.redirects.is_empty(), "redirects"),
        (options.compression, "compression"),
        (options.hsts.is_some(), "HSTS"),
    ];
    tags.extend(
        set.into_iter()
            .filter(|(is_set, _)| *is_set)
            .map(|(_, word)| word.to_owned()),
    );
    if let Some(split) = &options.split {
        tags.push(format!("{} % elsewhere", split.percent));
    }
    tags
}

/// A new domain as typed.
#[derive(Debug, Clone)]
pub struct DomainForm {
    /// The host name.
    pub host: String,
    /// The path prefix.
    pub path_prefix: String,
    /// The port.
    pub port: String,
    /// `none`, `acme` or `custom`.
    pub tls: String,
    /// Whether the prefix is taken off.
    pub strip_prefix: bool,
    /// The component of a stack.
    pub component: String,
    /// Where DNS records are made; empty for an answer over HTTP.
    pub dns_provider: String,
    /// The team's own certificate; empty for the one that fits.
    pub certificate: String,
}

impl Default for DomainForm {
    fn default() -> Self {
        Self {
            host: String::new(),
            path_prefix: String::new(),
            port: String::new(),
            tls: "acme".to_owned(),
            strip_prefix: false,
            component: String::new(),
            dns_provider: String::new(),
            certificate: String::new(),
        }
    }
}

/// The settings of one domain.
#[derive(Template)]
#[template(path = "service/domain.html")]
pub struct DomainPage {
    /// The frame.
    pub page: Page,
    /// The head.
    pub service: ServiceHead,
    /// The domain.
    pub domain: DomainRow,
    /// Where it leads.
    pub form: DomainForm,
    /// What happens to requests on their way.
    pub options: DomainOptionsForm,
    /// Services that may get a share of the requests.
    pub others: Vec<OtherService>,
    /// The team's DNS providers.
    pub providers: Vec<OtherService>,
    /// The team's own certificates that are valid for the host.
    pub certificates: Vec<CertificateChoice>,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// An own certificate that can be chosen.
#[derive(Debug, Clone)]
pub struct CertificateChoice {
    /// Its id.
    pub id: String,
    /// Its name, its hosts and until when it is valid, in words.
    pub label: String,
}

impl CertificateChoice {
    /// A certificate of the team; `names_hosts` where the host is not known yet.
    pub fn new(certificate: &CertificateView, names_hosts: bool, now: OffsetDateTime) -> Self {
        let hosts: Vec<&str> = certificate.hosts.iter().map(AsRef::as_ref).collect();
        let hosts = match hosts.as_slice() {
            [first, second, _, ..] => format!("{first}, {second}, …"),
            few => few.join(", "),
        };
        let hosts = if names_hosts {
            format!(" for {hosts}")
        } else {
            String::new()
        };
        let word = if certificate.not_after <= now {
            "ran out on"
        } else {
            "until"
        };
        let (name, until) = (&certificate.name, certificate.not_after.date());
        Self {
            id: certificate.id.to_string(),
            label: format!("{name}{hosts}, {word} {until}"),
        }
    }
}

/// Something that can be chosen.
#[derive(Debug, Clone)]
pub struct OtherService {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}
