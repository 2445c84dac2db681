//! The proxy's configuration as types, and the file of a service.
//!
//! Files are JSON, which is YAML. One file that the proxy refuses stops it from taking any
//! change, so nothing here is text of people's: hosts and paths are parsed types, all
//! other names are made from ids. Empty maps are left out, for the proxy refuses them.

use std::collections::BTreeMap;

use longshore_domain::route::{Route, TlsMode};
use longshore_domain::run::Port;
use longshore_domain::{DomainName, PathPrefix, ServiceId};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The public HTTP entry point.
pub(super) const WEB: &str = "web";
/// The public HTTPS entry point.
pub(super) const WEB_SECURE: &str = "websecure";
/// The entry point over which new versions are probed.
pub(super) const PROBE: &str = "probe";
/// The entry point of the proxy's own state.
pub(super) const PRIVATE: &str = "private";
/// The certificate resolver.
pub(super) const ACME: &str = "acme";
/// The header that asks for the marker, with the installation's secret, and the one that
/// carries it back.
pub(super) const MARKER: &str = "Longshore-Marker";

/// The cookie that keeps a visitor with one container.
const AFFINITY: &str = "longshore_affinity";
/// Of parts, so many are asked at most for one request.
const MOST_ATTEMPTS: usize = 4;

/// Above every route.
const MARKER_PRIORITY: u32 = 1_000_000;
/// Above redirects; longer path prefixes come first.
const ROUTE_PRIORITY: u32 = 1_000;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Dynamic {
    http: Http,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Http {
    routers: BTreeMap<String, Router>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    middlewares: BTreeMap<String, Middleware>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    services: BTreeMap<String, Service>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    servers_transports: BTreeMap<String, ServersTransport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Router {
    entry_points: Vec<&'static str>,
    rule: String,
    priority: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    middlewares: Vec<String>,
    service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Tls {
    #[serde(skip_serializing_if = "Option::is_none")]
    cert_resolver: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Middleware {
    #[serde(rename_all = "camelCase")]
    Headers {
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        custom_request_headers: BTreeMap<&'static str, String>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        custom_response_headers: BTreeMap<&'static str, String>,
    },
    StripPrefix {
        prefixes: Vec<String>,
    },
    /// Another server is asked when one cannot be reached; what was sent once is not sent
    /// again. The proxy's passive health check would do more, but takes any status from
    /// 500 on for a dead server and then answers for the program.
    Retry {
        attempts: usize,
    },
    RedirectScheme {
        scheme: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        port: Option<String>,
        permanent: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    load_balancer: LoadBalancer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct LoadBalancer {
    servers: Vec<Server>,
    pass_host_header: bool,
    servers_transport: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sticky: Option<Sticky>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Sticky {
    cookie: Cookie,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cookie {
    name: &'static str,
    secure: bool,
    http_only: bool,
    same_site: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Server {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ServersTransport {
    /// -1 keeps no connection: kept ones would send nearly everything to one container.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_idle_conns_per_host: Option<i32>,
    forwarding_timeouts: ForwardingTimeouts,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ForwardingTimeouts {
    dial_timeout: &'static str,
}

/// Where the requests of a service go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) service: ServiceId,
    pub(super) number: i32,
    /// What shares the requests: its name in the edge network, and its containers. While
    /// one version takes over from another step by step, parts of both.
    pub(super) parts: Vec<(String, u32)>,
    /// Whether a visitor stays with one part.
    pub(super) is_sticky: bool,
}

/// The text of a file and the marker by which it is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) text: String,
    pub(super) marker: String,
}

/// The value that asks for the marker of one file.
pub(super) fn marker_request(secret: &str, name: &str) -> String {
    format!("{secret}.{name}")
}

/// A file for the routes of a service. `https_port` is the public one.
pub(super) fn routes_file(
    backend: &Backend,
    routes: &[Route],
    secret: &str,
    https_port: u16,
) -> File {
    let mut http = Http::default();
    let id = backend.service;
    for route in routes {
        let name = format!("{id}-{}", route.domain);
        let is_secure = routes.iter().all(|route| route.tls != TlsMode::None);
        let service = add_backend(&mut http, &id.to_string(), backend, route.port, is_secure);
        let mut middlewares = Vec::new();
        if backend.parts.len() > 1 {
            let retry = format!("{id}-retry");
            let attempts = backend.parts.len().min(MOST_ATTEMPTS);
            http.middlewares
                .insert(retry.clone(), Middleware::Retry { attempts });
            middlewares.push(retry);
        }
        if route.strip_prefix && !route.path_prefix.is_root() {
            let strip = format!("{name}-strip");
            http.middlewares.insert(
                strip.clone(),
                Middleware::StripPrefix {
                    prefixes: vec![route.path_prefix.to_string()],
                },
            );
            middlewares.push(strip);
        }
        let (entry_point, tls) = match route.tls {
            TlsMode::None => (WEB, None),
            TlsMode::Acme => (
                WEB_SECURE,
                Some(Tls {
                    cert_resolver: Some(ACME),
                }),
            ),
            TlsMode::Custom => (
                WEB_SECURE,
                Some(Tls {
                    cert_resolver: None,
                }),
            ),
        };
        if tls.is_some() {
            let redirect = format!("{id}-https");
            http.routers.insert(
                format!("{name}-http"),
                Router {
                    entry_points: vec![WEB],
                    rule: rule(&route.host, &route.path_prefix),
                    priority: priority(&route.path_prefix),
                    middlewares: vec![redirect.clone()],
                    service: "noop@internal".to_owned(),
                    tls: None,
                },
            );
            http.middlewares.insert(
                redirect,
                Middleware::RedirectScheme {
                    scheme: "https",
                    port: (https_port != 443).then(|| https_port.to_string()),
                    permanent: true,
                },
            );
        }
        http.routers.insert(
            name,
            Router {
                entry_points: vec![entry_point],
                rule: rule(&route.host, &route.path_prefix),
                priority: priority(&route.path_prefix),
                middlewares,
                service,
                tls,
            },
        );
    }
    let heading = heading(backend.service, backend.number);
    marked(http, &heading, &format!("service-{id}"), secret)
}

/// A file for the probe of one version: whoever has the secret header, for nobody else.
pub(super) fn probe_file(
    backend: &Backend,
    port: Port,
    header: &'static str,
    secret: &str,
) -> File {
    let mut http = Http::default();
    let name = format!("{}-{}-probe", backend.service, backend.number);
    // No name is in two files: the proxy would take one of them, whatever the other says.
    let service = add_backend(&mut http, &name, backend, port, false);
    let parts: Vec<&str> = backend
        .parts
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let marker = digest(&format!("{name} {}", parts.join(" ")));
    http.middlewares.insert(
        name.clone(),
        Middleware::Headers {
            custom_request_headers: BTreeMap::from([(header, String::new())]),
            custom_response_headers: BTreeMap::from([(header, marker.clone())]),
        },
    );
    http.routers.insert(
        name.clone(),
        Router {
            entry_points: vec![PROBE],
            rule: format!("Header(`{header}`, `{secret}`)"),
            priority: ROUTE_PRIORITY,
            middlewares: vec![name],
            service,
            tls: None,
        },
    );
    let heading = heading(backend.service, backend.number);
    File {
        text: write(&heading, &Dynamic { http }),
        marker,
    }
}

/// A file that does nothing but show that files are taken.
pub(super) fn canary_file(nonce: &str, secret: &str) -> File {
    marked(
        Http::default(),
        &format!("# longshore canary {nonce}"),
        "canary",
        secret,
    )
}

/// The number of the version that a file of a service leads to.
pub(super) fn number_in(text: &str) -> Option<i32> {
    text.lines().next()?.rsplit(' ').next()?.parse().ok()
}

fn heading(service: ServiceId, number: i32) -> String {
    format!("# longshore {service} {number}")
}

/// Adds a router that answers, to whoever knows the secret, with a digest of the file.
/// All routers of a file are taken at once, so the answer speaks for all of them.
fn marked(mut http: Http, heading: &str, name: &str, secret: &str) -> File {
    let rest = serde_json::to_string(&http).unwrap_or_default();
    let marker = digest(&format!("{heading}\n{rest}"));
    let router = format!("{name}-marker");
    http.middlewares.insert(
        router.clone(),
        Middleware::Headers {
            custom_request_headers: BTreeMap::new(),
            custom_response_headers: BTreeMap::from([(MARKER, marker.clone())]),
        },
    );
    http.routers.insert(
        router.clone(),
        Router {
            entry_points: vec![WEB],
            rule: format!("Header(`{MARKER}`, `{}`)", marker_request(secret, name)),
            priority: MARKER_PRIORITY,
            middlewares: vec![router],
            service: "noop@internal".to_owned(),
            tls: None,
        },
    );
    File {
        text: write(heading, &Dynamic { http }),
        marker,
    }
}

fn write(heading: &str, dynamic: &Dynamic) -> String {
    // Maps with string keys always serialise.
    let json = serde_json::to_string_pretty(dynamic).unwrap_or_default();
    format!("{heading}\n{json}\n")
}

fn add_backend(
    http: &mut Http,
    transport: &str,
    backend: &Backend,
    port: Port,
    is_secure: bool,
) -> String {
    let is_divided = backend.parts.len() > 1;
    let first = backend.parts.first().map_or(1, |(_, replicas)| *replicas);
    let is_even = backend.parts.iter().all(|(_, replicas)| *replicas == first);
    http.servers_transports.insert(
        transport.to_owned(),
        ServersTransport {
            max_idle_conns_per_host: backend
                .parts
                .iter()
                .any(|(_, replicas)| *replicas > 1)
                .then_some(-1),
            forwarding_timeouts: ForwardingTimeouts { dial_timeout: "5s" },
        },
    );
    let name = format!("{transport}-{}-{port}", backend.number);
    http.services.insert(
        name.clone(),
        Service {
            load_balancer: LoadBalancer {
                servers: backend
                    .parts
                    .iter()
                    .map(|(name, replicas)| Server {
                        url: format!("http://tasks.{name}:{port}"),
                        weight: (!is_even).then_some(*replicas),
                    })
                    .collect(),
                pass_host_header: true,
                servers_transport: transport.to_owned(),
                sticky: (backend.is_sticky && is_divided).then_some(Sticky {
                    cookie: Cookie {
                        name: AFFINITY,
                        secure: is_secure,
                        http_only: true,
                        same_site: "lax",
                    },
                }),
            },
        },
    );
    name
}

/// `PathPrefix` of the proxy's compares text: `/a` would also match `/ab`.
fn rule(host: &DomainName, prefix: &PathPrefix) -> String {
    if prefix.is_root() {
        format!("Host(`{host}`)")
    } else {
        format!("Host(`{host}`) && (Path(`{prefix}`) || PathPrefix(`{prefix}/`))")
    }
}

fn priority(prefix: &PathPrefix) -> u32 {
    ROUTE_PRIORITY + u32::try_from(prefix.as_str().len()).unwrap_or_default()
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..16])
}

#[cfg(test)]
mod tests;
