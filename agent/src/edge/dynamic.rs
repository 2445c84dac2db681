//! The proxy's configuration as types, and the file of a service.
//!
//! Files are JSON, which is YAML. One file that the proxy refuses stops it from taking any
//! change, so nothing here is unread text of people's: hosts, paths and options are parsed
//! types, all names are made from ids.

use std::collections::BTreeMap;
use std::net::SocketAddr;

mod certificates;
mod dashboard;
mod model;
mod options;
mod routes;

use longshore_domain::ServiceId;
use longshore_domain::run::Port;
use sha2::{Digest, Sha256};

pub(super) use certificates::{certificate_file, challenges_file, tag};
pub(super) use dashboard::dashboard_file;
use model::{
    Cookie, Dynamic, ForwardingTimeouts, Http, LoadBalancer, Middleware, Router, Server,
    ServersTransport, Service, Sticky, TlsStore,
};
pub(super) use routes::routes_file;

/// The public HTTP entry point.
pub(super) const WEB: &str = "web";
/// The public HTTPS entry point.
pub(super) const WEB_SECURE: &str = "websecure";
/// The entry point over which new versions are probed.
pub(super) const PROBE: &str = "probe";
/// The entry point of the proxy's own state.
pub(super) const PRIVATE: &str = "private";
/// The header that asks for the marker, with the installation's secret, and the one that
/// carries it back.
pub(super) const MARKER: &str = "Longshore-Marker";

/// The cookie that keeps a visitor with one container.
const AFFINITY: &str = "longshore_affinity";
/// The cookie that keeps a visitor with one side of a split.
const SPLIT: &str = "longshore_split";

/// Above every route.
const MARKER_PRIORITY: u32 = 1_000_000;
/// An authority's requests, above every route.
const CHALLENGE_PRIORITY: u32 = 900_000;
/// The dashboard's own domain, above every service's.
const DASHBOARD_PRIORITY: u32 = 800_000;
/// Longer path prefixes come first.
const ROUTE_PRIORITY: u32 = 1_000;
/// Below the routes of names.
const WILDCARD_PRIORITY: u32 = 500;

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

/// The versions of other services that get a share of the requests.
pub(super) type Shares = BTreeMap<(ServiceId, i32), Backend>;

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
            custom_request_headers: BTreeMap::from([(header.to_owned(), String::new())]),
            custom_response_headers: BTreeMap::from([(header.to_owned(), marker.clone())]),
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
        text: write(&heading, &Dynamic { http, tls: None }),
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
fn marked(http: Http, heading: &str, name: &str, secret: &str) -> File {
    marked_with(http, None, heading, name, secret)
}

fn marked_with(
    mut http: Http,
    tls: Option<TlsStore>,
    heading: &str,
    name: &str,
    secret: &str,
) -> File {
    let rest = serde_json::to_string(&(&http, &tls)).unwrap_or_default();
    let marker = digest(&format!("{heading}\n{rest}"));
    let router = format!("{name}-marker");
    http.middlewares.insert(
        router.clone(),
        Middleware::Headers {
            custom_request_headers: BTreeMap::new(),
            custom_response_headers: BTreeMap::from([(MARKER.to_owned(), marker.clone())]),
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
        text: write(heading, &Dynamic { http, tls }),
        marker,
    }
}

fn write(heading: &str, dynamic: &Dynamic) -> String {
    // Maps with string keys always serialise.
    let json = serde_json::to_string_pretty(dynamic).unwrap_or_default();
    // The proxy reads files as templates first; in texts alone can two braces stand together.
    let json = json.replace("{{", "{\\u007b");
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
        Service::LoadBalancer(LoadBalancer {
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
            sticky: (backend.is_sticky && is_divided).then(|| Sticky {
                cookie: cookie(AFFINITY, is_secure),
            }),
        }),
    );
    name
}

/// Adds a service that is one address, under a name.
fn add_address(http: &mut Http, name: &str, to: SocketAddr) {
    http.servers_transports.insert(
        name.to_owned(),
        ServersTransport {
            max_idle_conns_per_host: None,
            forwarding_timeouts: ForwardingTimeouts { dial_timeout: "5s" },
        },
    );
    http.services.insert(
        name.to_owned(),
        Service::LoadBalancer(LoadBalancer {
            servers: vec![Server {
                url: format!("http://{to}"),
                weight: None,
            }],
            pass_host_header: true,
            servers_transport: name.to_owned(),
            sticky: None,
        }),
    );
}

fn cookie(name: &'static str, is_secure: bool) -> Cookie {
    Cookie {
        name,
        secure: is_secure,
        http_only: true,
        same_site: "lax",
    }
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..16])
}

#[cfg(test)]
mod tests;
