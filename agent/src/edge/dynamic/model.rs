//! The proxy's configuration as types, field by field as the proxy names them.
//!
//! Empty maps are left out, for the proxy refuses them.

use std::collections::BTreeMap;

use longshore_domain::IpRange;
use serde::Serialize;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::edge) struct Dynamic {
    pub(in crate::edge) http: Http,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::edge) tls: Option<TlsStore>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::edge) struct TlsStore {
    pub(in crate::edge) certificates: Vec<Certificate>,
}

/// Each is the path of a file, or the text itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) struct Certificate {
    pub(in crate::edge) cert_file: String,
    pub(in crate::edge) key_file: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) struct Http {
    pub(in crate::edge) routers: BTreeMap<String, Router>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::edge) middlewares: BTreeMap<String, Middleware>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::edge) services: BTreeMap<String, Service>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::edge) servers_transports: BTreeMap<String, ServersTransport>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) struct Router {
    pub(in crate::edge) entry_points: Vec<&'static str>,
    pub(in crate::edge) rule: String,
    pub(in crate::edge) priority: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::edge) middlewares: Vec<String>,
    pub(in crate::edge) service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::edge) tls: Option<Tls>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::edge) struct Tls {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) enum Middleware {
    #[serde(rename_all = "camelCase")]
    Headers {
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        custom_request_headers: BTreeMap<String, String>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        custom_response_headers: BTreeMap<String, String>,
    },
    #[serde(rename_all = "camelCase")]
    BasicAuth {
        users: Vec<String>,
        remove_header: bool,
    },
    #[serde(rename_all = "camelCase")]
    IpAllowList {
        source_range: Vec<IpRange>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ip_strategy: Option<IpStrategy>,
    },
    #[serde(rename_all = "camelCase")]
    RateLimit {
        average: u32,
        period: String,
        burst: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        source_criterion: Option<SourceCriterion>,
    },
    Compress {
        encodings: [&'static str; 3],
    },
    #[serde(rename_all = "camelCase")]
    Buffering {
        max_request_body_bytes: u64,
    },
    RedirectRegex {
        regex: String,
        replacement: String,
        permanent: bool,
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
pub(in crate::edge) enum Service {
    LoadBalancer(LoadBalancer),
    Weighted(Weighted),
}

/// Services that share requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::edge) struct Weighted {
    pub(in crate::edge) services: Vec<Weight>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::edge) sticky: Option<Sticky>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::edge) struct Weight {
    pub(in crate::edge) name: String,
    pub(in crate::edge) weight: u8,
}

/// A client's address is the last forwarded one that is not excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::edge) struct IpStrategy {
    #[serde(rename = "excludedIPs")]
    pub(in crate::edge) excluded: Vec<IpRange>,
}

/// What tells clients apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) struct SourceCriterion {
    pub(in crate::edge) ip_strategy: IpStrategy,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) struct LoadBalancer {
    pub(in crate::edge) servers: Vec<Server>,
    pub(in crate::edge) pass_host_header: bool,
    pub(in crate::edge) servers_transport: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::edge) sticky: Option<Sticky>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::edge) struct Sticky {
    pub(in crate::edge) cookie: Cookie,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) struct Cookie {
    pub(in crate::edge) name: &'static str,
    pub(in crate::edge) secure: bool,
    pub(in crate::edge) http_only: bool,
    pub(in crate::edge) same_site: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::edge) struct Server {
    pub(in crate::edge) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::edge) weight: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) struct ServersTransport {
    /// -1 keeps no connection: kept ones would send nearly everything to one container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::edge) max_idle_conns_per_host: Option<i32>,
    pub(in crate::edge) forwarding_timeouts: ForwardingTimeouts,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::edge) struct ForwardingTimeouts {
    pub(in crate::edge) dial_timeout: &'static str,
}
