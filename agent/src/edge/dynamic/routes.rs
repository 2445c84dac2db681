//! The file with the routes of a service.

use longshore_domain::route::{Route, TlsMode};
use longshore_domain::{DomainName, PathPrefix};

use super::model::{Http, Middleware, Router, Service, Sticky, Tls, Weight, Weighted};
use super::options::middlewares;
use super::{
    Backend, File, ROUTE_PRIORITY, SPLIT, Shares, WEB, WEB_SECURE, WILDCARD_PRIORITY, add_backend,
    cookie, heading, marked,
};

/// Of parts, so many are asked at most for one request.
const MOST_ATTEMPTS: usize = 4;

/// A file for the routes of a service. `shares` are the versions of other services that get
/// a share of its requests; `https_port` is the public one.
pub(in crate::edge) fn routes_file(
    backend: &Backend,
    routes: &[Route],
    shares: &Shares,
    secret: &str,
    https_port: u16,
) -> File {
    let mut http = Http::default();
    for route in routes {
        add_route(&mut http, backend, routes, route, shares, https_port);
    }
    let heading = heading(backend.service, backend.number);
    marked(
        http,
        &heading,
        &format!("service-{}", backend.service),
        secret,
    )
}

fn add_route(
    http: &mut Http,
    backend: &Backend,
    routes: &[Route],
    route: &Route,
    shares: &Shares,
    https_port: u16,
) {
    let id = backend.service;
    let name = format!("{id}-{}", route.domain);
    let is_secure = route.tls != TlsMode::None;
    let service = if route.options.redirect_to.is_some() {
        "noop@internal".to_owned()
    } else {
        add_services(http, backend, routes, route, shares, &name)
    };
    let share = route.share.filter(|_| route.options.redirect_to.is_none());
    let attempts = backend.parts.len() + usize::from(share.is_some());
    let mut inner = Vec::new();
    if attempts > 1 {
        let attempts = attempts.min(MOST_ATTEMPTS);
        let retry = format!("{id}-retry-{attempts}");
        http.middlewares
            .insert(retry.clone(), Middleware::Retry { attempts });
        inner.push(retry);
    }
    let mut passed = |is_secure| {
        let mut names = Vec::new();
        for (end, middleware) in middlewares(route, is_secure) {
            let name = format!("{name}-{end}");
            http.middlewares.insert(name.clone(), middleware);
            names.push(name);
        }
        // The innermost: another server gets the request as this one would have.
        names.extend(inner.iter().cloned());
        names
    };
    let router = |entry_point, middlewares, service, tls| Router {
        entry_points: vec![entry_point],
        rule: rule(&route.host, &route.path_prefix),
        priority: priority(&route.host, &route.path_prefix),
        middlewares,
        service,
        tls,
    };
    let mut routers = Vec::new();
    if is_secure {
        let secure = router(WEB_SECURE, passed(true), service.clone(), Some(Tls {}));
        routers.push((name.clone(), secure));
    }
    if is_secure && route.options.https_redirect {
        let redirect = format!("{id}-https");
        let sent_on = router(
            WEB,
            vec![redirect.clone()],
            "noop@internal".to_owned(),
            None,
        );
        routers.push((format!("{name}-http"), sent_on));
        http.middlewares.insert(redirect, to_https(https_port));
    } else {
        let plain = router(WEB, passed(false), service, None);
        let end = if is_secure { "-http" } else { "" };
        routers.push((format!("{name}{end}"), plain));
    }
    http.routers.extend(routers);
}

/// Sends requests on to the public HTTPS port.
pub(super) fn to_https(port: u16) -> Middleware {
    Middleware::RedirectScheme {
        scheme: "https",
        port: (port != 443).then(|| port.to_string()),
        permanent: true,
    }
}

/// What answers the requests of a route.
fn add_services(
    http: &mut Http,
    backend: &Backend,
    routes: &[Route],
    route: &Route,
    shares: &Shares,
    name: &str,
) -> String {
    let id = backend.service;
    // A cookie for HTTPS alone would be lost on a plain route.
    let is_secure = routes
        .iter()
        .all(|route| route.tls != TlsMode::None && route.options.https_redirect);
    let own = add_backend(http, &id.to_string(), backend, route.port, is_secure);
    let found = route.share.and_then(|share| {
        let other = shares.get(&(share.service, share.live_number))?;
        Some((share, other))
    });
    let Some((share, other)) = found else {
        return own;
    };
    // No name is in two files: the proxy would take one of them, whatever the other says.
    let transport = format!("{id}-{}", share.service);
    let theirs = add_backend(http, &transport, other, share.port, is_secure);
    let split = format!("{name}-split");
    let weights = [
        (own, 100_u8.saturating_sub(share.percent)),
        (theirs, share.percent),
    ];
    http.services.insert(
        split.clone(),
        Service::Weighted(Weighted {
            services: weights
                .into_iter()
                .map(|(name, weight)| Weight { name, weight })
                .collect(),
            sticky: backend.is_sticky.then(|| Sticky {
                cookie: cookie(SPLIT, is_secure),
            }),
        }),
    );
    split
}

/// `PathPrefix` of the proxy's compares text: `/a` would also match `/ab`.
fn rule(host: &DomainName, prefix: &PathPrefix) -> String {
    let host = if host.is_wildcard() {
        let base = host.base().replace('.', "\\.");
        format!("HostRegexp(`^[a-z0-9_-]+\\.{base}$`)")
    } else {
        format!("Host(`{host}`)")
    };
    if prefix.is_root() {
        host
    } else {
        format!("{host} && (Path(`{prefix}`) || PathPrefix(`{prefix}/`))")
    }
}

/// Longer prefixes come first; names come before what stands for many.
fn priority(host: &DomainName, prefix: &PathPrefix) -> u32 {
    let base = if host.is_wildcard() {
        WILDCARD_PRIORITY
    } else {
        ROUTE_PRIORITY
    };
    base + u32::try_from(prefix.as_str().len()).unwrap_or_default()
}
