//! A platform of two instances with sockets, a single-page front with values fixed at build time,
//! downloads, and an environment each for production and staging.

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::longshore::Longshore;
use longshore_e2e::systems;
use longshore_testkit::git::GitHttp;
use longshore_testkit::load::WebSocket;
use reqwest::Method;
use serde_json::{Value, json};

const HOST: &str = "events.example.test";

/// Makes an app, with its routes on a host, and deploys it.
async fn app(api: &Api, environment: &str, app: Value, domains: &[Value]) -> String {
    let path = format!("/environments/{environment}/apps");
    let service = id_of(&api.post(&path, app).await.expect(201));
    for domain in domains {
        let path = format!("/services/{service}/domains");
        api.post(&path, domain.clone()).await.expect(201);
    }
    service
}

fn route(host: &str, path_prefix: &str) -> Value {
    json!({ "host": host, "path_prefix": path_prefix, "tls": "none" })
}

async fn backend(api: &Api, environment: &str, url: &str, host: &str, mode: &str) -> String {
    api.postgres(environment, "db").await;
    let backend = json!({
        "name": "backend",
        "source": { "git": { "url": url, "branch": "main" } },
        "build": { "dockerfile": { "target": "runner" } },
        "port": 3000,
        "run": {
            "replicas": 2,
            "sticky_sessions": true,
            "release_command": ["docker-entrypoint.sh", "node", "dist/migrate.js"],
            "memory_limit_bytes": 1_073_741_824,
            "health": { "probe": { "http": { "path": "/health/db" } } },
        },
    });
    let routes = ["/api", "/socket.io", "/health"].map(|prefix| route(host, prefix));
    let service = app(api, environment, backend, &routes).await;
    let variables = json!({
        "DATABASE_URL": { "value": "${{db.DATABASE_URL}}", "secret": true },
        "APP_ENV": mode,
        "TZ": "Africa/Tunis",
    });
    api.variables(&service, variables).await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_two_instances_of_a_backend_and_downloads_share_a_host() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let project = api
        .post("/projects", json!({ "name": "Events" }))
        .await
        .expect(201);
    let production = id_of(&project["environments"][0]);
    let backend_files = systems::repository("events/backend");
    let backend_git = GitHttp::start(backend_files.root()).await;
    let front_files = systems::repository("events/front");
    let front_git = GitHttp::start(front_files.root()).await;
    let downloads_files = systems::repository("events/downloads");
    let downloads_git = GitHttp::start(downloads_files.root()).await;

    let service = backend(
        &api,
        &production,
        &backend_git.url("backend"),
        HOST,
        "production",
    )
    .await;
    let deployed = api.deploy_live(&service).await;
    let log = api
        .text(&format!("/deployments/{}/log", id_of(&deployed)))
        .await;
    assert!(log.contains("starting in production"), "{log}");
    assert!(log.contains("migrations applied"), "{log}");

    let front = json!({
        "name": "front",
        "source": { "git": { "url": front_git.url("front"), "branch": "main" } },
        "build": { "static": {
            "directory": "dist",
            "spa": true,
            "command": "npm run build",
            "variables": ["VITE_*"],
        } },
        "port": 8080,
    });
    let front = app(&api, &production, front, &[route(HOST, "/")]).await;
    let variables = json!({
        "VITE_API_URL": "/api",
        "VITE_TITLE": "Events of \"today\" & tomorrow",
    });
    api.variables(&front, variables).await;
    api.deploy_live(&front).await;

    let downloads = json!({
        "name": "downloads",
        "source": { "git": { "url": downloads_git.url("downloads"), "branch": "main" } },
        "build": { "static": {} },
        "port": 8080,
    });
    let domain = json!({
        "host": HOST,
        "path_prefix": "/downloads",
        "strip_prefix": true,
        "tls": "none",
        "options": { "response_headers": { "Cache-Control": "public, max-age=604800" } },
    });
    let downloads = app(&api, &production, downloads, &[domain]).await;
    api.deploy_live(&downloads).await;

    // The front, also on a path of its own.
    for path in ["/", "/events/42"] {
        let (status, page) = longshore.visit(HOST, path).await;
        assert_eq!(status, 200);
        assert!(page.contains("<div id=\"app\">"), "{page}");
    }
    let (_, page) = longshore.visit(HOST, "/").await;
    let start = page.find("/assets/").expect("a script");
    let script = page[start..].split('"').next().expect("a path");
    let answer = longshore
        .request(Method::GET, HOST, script)
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        answer.headers()["cache-control"],
        "public, max-age=31536000, immutable"
    );
    let text = answer.text().await.expect("a text");
    assert!(text.contains("Events of \"today\" & tomorrow"), "{text}");
    assert!(text.contains("/api"), "{text}");

    // The backend, twice.
    let events = longshore.json(Method::GET, HOST, "/api/events").await;
    assert_eq!(events, json!([{ "name": "Opening" }]));
    let health = longshore.json(Method::GET, HOST, "/health").await;
    assert_eq!(
        health,
        json!({ "status": "ok", "environment": "production" })
    );
    longshore.json(Method::GET, HOST, "/health/db").await;
    let mut instances = Vec::new();
    for _ in 0..20 {
        let answer = longshore.json(Method::GET, HOST, "/api/instance").await;
        assert_eq!(answer["timezone"], "Africa/Tunis");
        instances.push(answer["instance"].to_string());
    }
    instances.sort();
    instances.dedup();
    assert_eq!(instances.len(), 2, "{instances:?}");
    let path = "/socket.io/?EIO=4&transport=websocket";
    let mut socket = WebSocket::open(longshore.http_port(), HOST, path)
        .await
        .expect("a socket");
    let greeting = socket.text().await.expect("a first message");
    assert!(greeting.contains("\"sid\""), "{greeting}");

    // The downloads.
    let answer = longshore
        .request(Method::GET, HOST, "/downloads/programme.txt")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "public, max-age=604800");

    // Staging has a database of its own.
    let path = format!("/projects/{}/environments", id_of(&project));
    let staging = api
        .post(&path, json!({ "name": "staging" }))
        .await
        .expect(201);
    let host = "staging.events.example.test";
    let url = backend_git.url("backend");
    let service = backend(&api, &id_of(&staging), &url, host, "staging").await;
    api.deploy_live(&service).await;
    let health = longshore.json(Method::GET, host, "/health").await;
    assert_eq!(health, json!({ "status": "ok", "environment": "staging" }));
}
