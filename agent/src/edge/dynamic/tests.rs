use longshore_agent_api::DashboardRoute;
use longshore_domain::route::{
    BasicUser, DomainOptions, HostRedirect, PatternRedirect, Route, TlsMode,
};
use longshore_domain::{DomainId, ServiceId};
use proptest::prelude::*;
use serde_json::Value;

use super::{Backend, File, Shares, dashboard_file, number_in, probe_file, routes_file};

fn backend(replicas: u32) -> Backend {
    Backend {
        service: ServiceId::generate(),
        number: 12,
        parts: vec![("longshore-app-01234567-12".to_owned(), replicas)],
        is_sticky: false,
    }
}

fn route(prefix: &str, tls: TlsMode) -> Route {
    Route {
        domain: DomainId::generate(),
        host: "app.example.com".parse().unwrap(),
        path_prefix: prefix.parse().unwrap(),
        strip_prefix: true,
        port: 8080.try_into().unwrap(),
        tls,
        component: None,
        options: DomainOptions::default(),
        share: None,
    }
}

fn parsed(file: &File) -> Value {
    let (_, json) = file.text.split_once('\n').unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn every_router_names_its_entry_points() {
    let routes = [route("/", TlsMode::Acme), route("/api", TlsMode::None)];
    let file = parsed(&routes_file(
        &backend(1),
        &routes,
        &Shares::new(),
        "secret",
        443,
    ));
    let routers = file["http"]["routers"].as_object().unwrap();
    assert_eq!(routers.len(), 4, "two routes, a redirect and the marker");
    for router in routers.values() {
        assert!(!router["entryPoints"].as_array().unwrap().is_empty());
    }
}

#[test]
fn the_dashboards_host_is_nobody_elses_on_either_port() {
    let long = format!("/{}", "p".repeat(190));
    let other = routes_file(
        &backend(1),
        &[route(&long, TlsMode::Acme)],
        &Shares::new(),
        "secret",
        443,
    );
    let highest = parsed(&other)["http"]["routers"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| !name.ends_with("marker"))
        .map(|(_, router)| router["priority"].as_u64().unwrap())
        .max()
        .unwrap();
    for is_secure in [true, false] {
        let way = DashboardRoute {
            host: "panel.example.com".parse().unwrap(),
            is_secure,
            listen: "0.0.0.0:3000".parse().unwrap(),
            proof: "proof".into(),
        };
        let to = "172.18.0.1:3000".parse().unwrap();
        let file = parsed(&dashboard_file(&way, to, "secret", 443));
        let routers = &file["http"]["routers"];
        let (plain, secure) = (&routers["dashboard-http"], &routers["dashboard"]);
        for router in [plain, secure] {
            assert!(router["priority"].as_u64().unwrap() > highest, "{router}");
        }
        let (served, other) = if is_secure {
            (secure, plain)
        } else {
            (plain, secure)
        };
        assert_eq!(served["service"], "dashboard");
        assert_eq!(other["service"], "noop@internal");
        assert_eq!(secure["entryPoints"][0], "websecure");
        let header = &file["http"]["middlewares"]["dashboard"]["headers"];
        assert_eq!(
            header["customRequestHeaders"]["Longshore-Proxy-Proof"],
            "proof"
        );
    }
}

#[test]
fn a_path_prefix_ends_at_a_slash() {
    let routes = [route("/api", TlsMode::None)];
    let file = routes_file(&backend(1), &routes, &Shares::new(), "secret", 443);
    assert!(
        file.text.contains("(Path(`/api`) || PathPrefix(`/api/`))"),
        "{}",
        file.text
    );
}

#[test]
fn the_redirect_leads_to_the_public_port() {
    let routes = [route("/", TlsMode::Acme)];
    assert!(
        !routes_file(&backend(1), &routes, &Shares::new(), "s", 443)
            .text
            .contains("\"port\"")
    );
    assert!(
        routes_file(&backend(1), &routes, &Shares::new(), "s", 8443)
            .text
            .contains("\"port\": \"8443\"")
    );
}

#[test]
fn several_containers_share_the_load() {
    let routes = [route("/", TlsMode::None)];
    assert!(
        !routes_file(&backend(1), &routes, &Shares::new(), "s", 443)
            .text
            .contains("maxIdleConnsPerHost")
    );
    let two = routes_file(&backend(2), &routes, &Shares::new(), "s", 443).text;
    assert!(two.contains("\"maxIdleConnsPerHost\": -1"), "{two}");
}

#[test]
fn equal_routes_make_equal_files_and_others_another_marker() {
    let (backend, route) = (backend(1), route("/", TlsMode::None));
    let routes = [route.clone()];
    let one = routes_file(&backend, &routes, &Shares::new(), "s", 443);
    assert_eq!(
        one,
        routes_file(&backend, &routes, &Shares::new(), "s", 443)
    );
    let next = Backend {
        number: 13,
        ..backend
    };
    assert_ne!(
        one.marker,
        routes_file(&next, &routes, &Shares::new(), "s", 443).marker
    );
    assert_eq!(number_in(&one.text), Some(12));
}

#[test]
fn no_map_is_empty() {
    for file in [
        routes_file(
            &backend(1),
            &[route("/", TlsMode::Custom)],
            &Shares::new(),
            "s",
            443,
        ),
        probe_file(
            &backend(1),
            8080.try_into().unwrap(),
            "Longshore-Probe",
            "s",
        ),
        super::canary_file("n", "s"),
    ] {
        let bare = file.text.replace("\"tls\": {}", "");
        assert!(!bare.contains("{}"), "{bare}");
    }
}

#[test]
fn parts_share_by_their_containers_and_a_dead_one_is_passed_over() {
    let mut backend = backend(3);
    backend.parts.push(("other".to_owned(), 1));
    let routes = [route("/", TlsMode::None)];
    let text = routes_file(&backend, &routes, &Shares::new(), "s", 443).text;
    for part in [
        "\"weight\": 3",
        "\"weight\": 1",
        "\"attempts\": 2",
        "http://tasks.other:8080",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("sticky"), "{text}");
    backend.is_sticky = true;
    let text = routes_file(&backend, &routes, &Shares::new(), "s", 443).text;
    assert!(text.contains("longshore_affinity"), "{text}");
    assert!(text.contains("\"secure\": false"), "{text}");
    let routes = [route("/", TlsMode::Acme)];
    let text = routes_file(&backend, &routes, &Shares::new(), "s", 443).text;
    assert!(text.contains("\"secure\": true"), "{text}");
}

/// The file of one domain with these options.
fn file_with(options: DomainOptions) -> String {
    let mut route = route("/api", TlsMode::Acme);
    route.options = options;
    routes_file(&backend(1), &[route], &Shares::new(), "s", 443).text
}

fn middleware(text: &str, end: &str) -> Value {
    let (_, json) = text.split_once('\n').unwrap();
    let file: Value = serde_json::from_str(json).unwrap();
    let middlewares = file["http"]["middlewares"].as_object().unwrap();
    let found = middlewares.iter().find(|(name, _)| name.ends_with(end));
    found
        .unwrap_or_else(|| panic!("{end} is not in {text}"))
        .1
        .clone()
}

#[test]
fn options_become_middlewares_in_the_order_of_a_request() {
    let options: DomainOptions = serde_json::from_str(
        r#"{
            "hsts": {"days": 1, "include_subdomains": true},
            "security_headers": true,
            "allow": ["10.0.0.0/8"],
            "behind_cloudflare": true,
            "rate_limit": {"requests": 5, "per_seconds": 2, "burst": 7},
            "basic_auth": [{"name": "ada", "hash": "$apr1$abcdefgh$epAu0ujN8geP7AZUl5n3d1"}],
            "compression": true,
            "max_body_bytes": 10
        }"#,
    )
    .unwrap();
    let text = file_with(options);
    let (_, json) = text.split_once('\n').unwrap();
    let file: Value = serde_json::from_str(json).unwrap();
    let routers = file["http"]["routers"].as_object().unwrap();
    let secure = routers.values().find(|router| !router["tls"].is_null());
    let names = secure.unwrap()["middlewares"].as_array().unwrap();
    let ends: Vec<&str> = names
        .iter()
        .map(|name| name.as_str().unwrap().rsplit('-').next().unwrap())
        .collect();
    let expected = [
        "headers",
        "cloudflare",
        "allow",
        "limit",
        "auth",
        "compress",
        "body",
        "strip",
    ];
    assert_eq!(ends, expected);
    let headers = middleware(&text, "-headers");
    assert_eq!(
        headers["headers"]["customResponseHeaders"]["Strict-Transport-Security"],
        "max-age=86400; includeSubDomains"
    );
    let limit = middleware(&text, "-limit");
    assert_eq!(limit["rateLimit"]["period"], "2s");
    let strategy = &limit["rateLimit"]["sourceCriterion"]["ipStrategy"];
    assert!(strategy["excludedIPs"].as_array().unwrap().len() > 20);
    assert!(middleware(&text, "-cloudflare")["ipAllowList"]["ipStrategy"].is_null());
}

proptest! {
    /// What the proxy could refuse, or run as a template, is not in any file: not for any
    /// text that the types let through.
    #[test]
    fn no_text_of_people_breaks_a_file(
        name in "[!-~]{1,12}", value in "\\PC{0,40}", pattern in "\\PC{1,24}",
        replacement in "https?://[ -~]{0,24}", user in "\\PC{1,12}", to in "https?://[ -~]{1,20}",
    ) {
        let mut options = DomainOptions::default();
        for value in [value.clone(), format!("{{{{{value}}}}}"), format!("\"\n{value}")] {
            if let (Ok(name), Ok(value)) = (name.parse(), value.parse()) {
                options.response_headers.insert(name, value);
            }
        }
        if let (Ok(pattern), Ok(replacement)) = (pattern.parse(), replacement.parse()) {
            options.redirects.push(PatternRedirect { pattern, replacement, permanent: true });
        }
        let hash = "$apr1$abcdefgh$epAu0ujN8geP7AZUl5n3d1".parse().unwrap();
        options.basic_auth.push(BasicUser { name: user, hash });
        if !options.problems(|user| &user.name).is_empty() {
            options.basic_auth.clear();
            options.redirects.clear();
        }
        if let Ok(to) = to.parse() {
            options.redirect_to = Some(HostRedirect { to, keep_path: true, permanent: false });
        }
        let text = file_with(options);
        prop_assert!(!text.contains("{{"), "{text}");
        prop_assert!(text.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)), "{text}");
        let (_, json) = text.split_once('\n').unwrap();
        prop_assert!(serde_json::from_str::<Value>(json).is_ok());
    }
}
