use longshore_domain::route::{Route, TlsMode};
use longshore_domain::{DomainId, ServiceId};
use serde_json::Value;

use super::{Backend, File, number_in, probe_file, routes_file};

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
    }
}

fn parsed(file: &File) -> Value {
    let (_, json) = file.text.split_once('\n').unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn every_router_names_its_entry_points() {
    let routes = [route("/", TlsMode::Acme), route("/api", TlsMode::None)];
    let file = parsed(&routes_file(&backend(1), &routes, "secret", 443));
    let routers = file["http"]["routers"].as_object().unwrap();
    assert_eq!(routers.len(), 4, "two routes, a redirect and the marker");
    for router in routers.values() {
        assert!(!router["entryPoints"].as_array().unwrap().is_empty());
    }
}

#[test]
fn a_path_prefix_ends_at_a_slash() {
    let routes = [route("/api", TlsMode::None)];
    let file = routes_file(&backend(1), &routes, "secret", 443);
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
        !routes_file(&backend(1), &routes, "s", 443)
            .text
            .contains("\"port\"")
    );
    assert!(
        routes_file(&backend(1), &routes, "s", 8443)
            .text
            .contains("\"port\": \"8443\"")
    );
}

#[test]
fn several_containers_share_the_load() {
    let routes = [route("/", TlsMode::None)];
    assert!(
        !routes_file(&backend(1), &routes, "s", 443)
            .text
            .contains("maxIdleConnsPerHost")
    );
    let two = routes_file(&backend(2), &routes, "s", 443).text;
    assert!(two.contains("\"maxIdleConnsPerHost\": -1"), "{two}");
}

#[test]
fn equal_routes_make_equal_files_and_others_another_marker() {
    let (backend, route) = (backend(1), route("/", TlsMode::None));
    let routes = [route.clone()];
    let one = routes_file(&backend, &routes, "s", 443);
    assert_eq!(one, routes_file(&backend, &routes, "s", 443));
    let next = Backend {
        number: 13,
        ..backend
    };
    assert_ne!(one.marker, routes_file(&next, &routes, "s", 443).marker);
    assert_eq!(number_in(&one.text), Some(12));
}

#[test]
fn no_map_is_empty() {
    for file in [
        routes_file(&backend(1), &[route("/", TlsMode::Custom)], "s", 443),
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
    let text = routes_file(&backend, &routes, "s", 443).text;
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
    let text = routes_file(&backend, &routes, "s", 443).text;
    assert!(text.contains("longshore_affinity"), "{text}");
    assert!(text.contains("\"secure\": false"), "{text}");
    let routes = [route("/", TlsMode::Acme)];
    let text = routes_file(&backend, &routes, "s", 443).text;
    assert!(text.contains("\"secure\": true"), "{text}");
}
