//! The file with the way to the dashboard.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use longshore_agent_api::DashboardRoute;
use longshore_domain::route::PROXY_PROOF;

use super::model::{Http, Middleware, Router, Tls};
use super::routes::to_https;
use super::{DASHBOARD_PRIORITY, File, WEB, WEB_SECURE, add_address, marked};

/// A file that sends the requests for the dashboard's host to the server, which knows by the
/// proof that the proxy has written what they say of the client.
pub(in crate::edge) fn dashboard_file(
    route: &DashboardRoute,
    to: SocketAddr,
    secret: &str,
    https_port: u16,
) -> File {
    const NAME: &str = "dashboard";
    const REDIRECT: &str = "dashboard-https";
    const NOBODY: &str = "noop@internal";
    let mut http = Http::default();
    add_address(&mut http, NAME, to);
    let proof = route.proof.expose().to_owned();
    http.middlewares.insert(
        NAME.to_owned(),
        Middleware::Headers {
            custom_request_headers: BTreeMap::from([(PROXY_PROOF.to_owned(), proof)]),
            custom_response_headers: BTreeMap::new(),
        },
    );
    let router = |entry_point, middleware: &str, service: &str, tls| Router {
        entry_points: vec![entry_point],
        rule: format!("Host(`{}`)", route.host),
        priority: DASHBOARD_PRIORITY,
        middlewares: vec![middleware.to_owned()],
        service: service.to_owned(),
        tls,
    };
    // Also without TLS: nobody else's wildcard shall answer for this host.
    let service = if route.is_secure { NAME } else { NOBODY };
    let secure = router(WEB_SECURE, NAME, service, Some(Tls {}));
    http.routers.insert(NAME.to_owned(), secure);
    let plain = if route.is_secure {
        http.middlewares
            .insert(REDIRECT.to_owned(), to_https(https_port));
        router(WEB, REDIRECT, NOBODY, None)
    } else {
        router(WEB, NAME, NAME, None)
    };
    http.routers.insert(format!("{NAME}-http"), plain);
    marked(http, "# longshore dashboard", NAME, secret)
}
