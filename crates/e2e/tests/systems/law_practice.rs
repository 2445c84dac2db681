//! A Compose file with an application built in parallel stages, PostgreSQL with an extension, Redis
//! and object storage, behind headers, compression and a redirect of the proxy's.

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::hook::Hook;
use longshore_e2e::longshore::Longshore;
use longshore_e2e::systems;
use longshore_testkit::git::GitHttp;
use longshore_testkit::wait;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const HOST: &str = "practice.example.test";

async fn stack(api: &Api, environment: &str, url: &str) -> String {
    let stack = json!({
        "name": "practice",
        "source": { "git": { "url": url, "branch": "main" } },
        "compose_path": "docker-compose.yml",
    });
    let path = format!("/environments/{environment}/stacks");
    let service = id_of(&api.post(&path, stack).await.expect(201));
    let variables = json!({
        "POSTGRES_PASSWORD": { "value": "${{secret(24)}}", "secret": true },
        "REDIS_PASSWORD": { "value": "${{secret(24)}}", "secret": true },
        "MINIO_ROOT_PASSWORD": { "value": "${{secret(24)}}", "secret": true },
        "SESSION_SECRET": { "value": "${{secret(48)}}", "secret": true },
        "S3_IMAGE": "longshore/s3:latest",
        "GIT_SHA": "3f9a2c1d",
        "NEXT_PUBLIC_SITE_NAME": "Dupont & Partners",
        "LICENSE_KEY": "line one\nline \"two\" costs $5 ✅",
    });
    api.variables(&service, variables).await;
    let domain = json!({
        "host": HOST,
        "component": "app",
        "port": 3000,
        "tls": "none",
        "options": {
            "security_headers": true,
            "compression": true,
            "response_headers": { "Content-Security-Policy": "default-src 'self'" },
        },
    });
    let path = format!("/services/{service}/domains");
    api.post(&path, domain).await.expect(201);
    let other = json!({
        "host": format!("www.{HOST}"),
        "component": "app",
        "port": 3000,
        "tls": "none",
        "options": { "redirect_to": { "to": format!("http://{HOST}") } },
    });
    api.post(&path, other).await.expect(201);
    service
}

async fn documents(longshore: &Longshore) -> Value {
    longshore.json(Method::GET, HOST, "/api/documents").await
}

async fn add(longshore: &Longshore, text: &'static str) {
    let answer = longshore
        .request(Method::POST, HOST, "/api/documents")
        .body(text)
        .send()
        .await
        .expect("an answer");
    let status = answer.status();
    let body = answer.text().await.expect("a body");
    assert_eq!(status, 201, "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_with_three_stores_moves_as_its_compose_file_stands() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Practice").await;
    let repository = systems::repository("law-practice");
    let git = GitHttp::start(repository.root()).await;
    let service = stack(&api, &environment, &git.url("law-practice")).await;
    api.deploy_live(&service).await;

    let health = longshore.json(Method::GET, HOST, "/api/health").await;
    assert_eq!(health["status"], "healthy", "{health:#}");
    let values = longshore.json(Method::GET, HOST, "/api/environment").await;
    assert_eq!(
        values,
        json!({
            "FEATURES": "[\"search\",\"calendar\"]",
            "SMTP_FROM": "Practice <office@example.org>",
            "LICENSE_KEY": "line one\nline \"two\" costs $5 ✅",
            "TZ": "Europe/Berlin",
            "GIT_SHA": "3f9a2c1d",
        })
    );

    // The page, its hashed script, and what the proxy adds.
    let (_, page) = longshore.visit(HOST, "/").await;
    assert!(page.contains("Dupont & Partners"), "{page}");
    let start = page.find("/_next/static/").expect("a script");
    let script = page[start..].split('"').next().expect("a path");
    let answer = longshore
        .request(Method::GET, HOST, script)
        .header("accept-encoding", "gzip")
        .send()
        .await
        .expect("an answer");
    let headers = answer.headers().clone();
    assert_eq!(
        headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(headers["content-encoding"], "gzip");
    assert_eq!(headers["content-security-policy"], "default-src 'self'");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let redirect = longshore
        .request(Method::GET, &format!("www.{HOST}"), "/contact")
        .send()
        .await
        .expect("an answer");
    assert!(redirect.status().is_redirection(), "{redirect:?}");

    // Three stores, filled; the nearest clause is found by the extension.
    add(&longshore, "the first").await;
    let expected = json!({ "texts": ["the first"], "counted": 1, "nearest": "liability" });
    assert_eq!(documents(&longshore).await, expected);

    // A push brings a new version of the application, and the stores stay.
    let hook = Hook::make(&api, &service).await;
    repository.write("public/font.txt", "another font");
    let build = std::fs::read_to_string(repository.path().join("build.js")).expect("a file");
    repository.write("build.js", &build.replace("Built on", "Version two of"));
    let commit = repository.commit("Version two");
    hook.push(&api, &commit).await;
    wait::until("version two", Duration::from_secs(240), || async {
        let (_, page) = longshore.visit(HOST, "/").await;
        page.contains("Version two of").then_some(())
    })
    .await;
    add(&longshore, "the second").await;
    let expected =
        json!({ "texts": ["the first", "the second"], "counted": 2, "nearest": "liability" });
    assert_eq!(documents(&longshore).await, expected);
}
