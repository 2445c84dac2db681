//! A Compose file with a built API under a path of its host, PostgreSQL and Redis.

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::longshore::Longshore;
use longshore_e2e::systems;
use longshore_testkit::git::GitHttp;
use longshore_testkit::load::WebSocket;
use reqwest::Method;
use serde_json::{Value, json};

const HOST: &str = "ministry.example.test";

async fn stack(api: &Api, environment: &str, url: &str) -> String {
    let stack = json!({
        "name": "dashboard",
        "source": { "git": { "url": url, "branch": "main" } },
        "compose_path": "docker-compose.prod.yml",
    });
    let path = format!("/environments/{environment}/stacks");
    id_of(&api.post(&path, stack).await.expect(201))
}

async fn policy(longshore: &Longshore) -> Value {
    longshore
        .json(Method::GET, HOST, "/mppeep/api/v1/policy")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_under_a_path_keeps_its_prefix() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Ministry").await;
    let repository = systems::repository("ministry");
    let git = GitHttp::start(repository.root()).await;
    let service = stack(&api, &environment, &git.url("ministry")).await;
    let domain = json!({
        "host": HOST, "path_prefix": "/mppeep", "component": "api", "port": 8000, "tls": "none",
    });
    let path = format!("/services/{service}/domains");
    api.post(&path, domain).await.expect(201);

    // Its own words say what is missing.
    let failed = api.deploy(&service).await;
    assert_eq!(failed["status"], "failed", "{failed:#}");
    let words = failed["failure"].to_string();
    assert!(
        words.contains("SECRET_KEY has to be set for production"),
        "{words}"
    );

    let variables = json!({
        "SECRET_KEY": { "value": "${{secret(48)}}", "secret": true },
        "POSTGRES_PASSWORD": { "value": "${{secret(24)}}", "secret": true },
        "CORS_ORIGINS": "[\"https://ministry.example.test\", \"https://www.example.test\"]",
    });
    api.variables(&service, variables).await;
    api.deploy_live(&service).await;

    let health = longshore
        .json(Method::GET, HOST, "/mppeep/api/v1/health")
        .await;
    assert_eq!(health, json!({ "status": "healthy" }));
    let caller = longshore
        .json(Method::GET, HOST, "/mppeep/api/v1/caller")
        .await;
    assert_eq!(caller["path"], "/mppeep/api/v1/caller");
    assert_eq!(caller["scheme"], "http");
    let (status, _) = longshore.visit(HOST, "/api/v1/health").await;
    assert_eq!(status, 404, "without its prefix");
    let expected = json!({ "maxmemory": "268435456", "policy": "allkeys-lru" });
    assert_eq!(policy(&longshore).await, expected);
    let answer = longshore
        .request(Method::GET, HOST, "/mppeep/api/v1/health")
        .header("origin", "https://www.example.test")
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://www.example.test"
    );
    let mut socket = WebSocket::open(longshore.http_port(), HOST, "/mppeep/ws")
        .await
        .expect("a socket");
    socket.echo(7).await.expect("an echo");
    socket.close().await.expect("a close");

    // What it stored is there after another deployment.
    for count in 1..=2 {
        let stored = longshore
            .json(Method::POST, HOST, "/mppeep/api/v1/visits")
            .await;
        assert_eq!(stored, json!({ "rows": count, "hits": count }));
        api.deploy_live(&service).await;
    }
}
