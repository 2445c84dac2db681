//! An API that only a content delivery network may reach, with static files on the same host.

use std::time::Duration;

use longshore_e2e::api::id_of;
use longshore_e2e::longshore::Longshore;
use longshore_e2e::systems;
use longshore_testkit::git::GitHttp;
use longshore_testkit::wait;
use reqwest::Method;
use serde_json::json;

const HOST: &str = "api-gateway.example.test";

#[tokio::test(flavor = "multi_thread")]
async fn an_api_and_its_static_files_share_a_host() {
    let settings = "trusted_proxies = \"cloudflare\"\n";
    let longshore = Longshore::start_with(settings).await;
    let api = longshore.api();
    let environment = api.project("Gateway").await;
    let repository = systems::repository("gateway");
    let git = GitHttp::start(repository.root()).await;

    api.postgres(&environment, "db").await;
    let backend = api
        .app(&environment, "api", &git.url("gateway"), 3000)
        .await;
    let variables = json!({ "DATABASE_URL": { "value": "${{db.DATABASE_URL}}", "secret": true } });
    api.variables(&backend, variables).await;
    api.domain(&backend, HOST).await;
    api.deploy_live(&backend).await;

    let files = json!({
        "name": "cdn",
        "source": { "git": { "url": git.url("gateway"), "branch": "main" } },
        "build": { "static": { "directory": "cdn" } },
        "port": 8080,
    });
    let path = format!("/environments/{environment}/apps");
    let files = id_of(&api.post(&path, files).await.expect(201));
    let domain =
        json!({ "host": HOST, "path_prefix": "/cdn", "strip_prefix": true, "tls": "none" });
    api.post(&format!("/services/{files}/domains"), domain)
        .await
        .expect(201);
    api.deploy_live(&files).await;

    let health = longshore.json(Method::GET, HOST, "/health").await;
    assert_eq!(health, json!({ "status": "ok" }));
    for calls in 1..=2 {
        let answer = longshore.json(Method::GET, HOST, "/v1/calls").await;
        assert_eq!(answer, json!({ "calls": calls }));
    }

    let logo = longshore
        .request(Method::GET, HOST, "/cdn/images/logo.3f9a2c1d.svg")
        .send()
        .await
        .expect("an answer");
    assert_eq!(logo.status(), 200);
    assert_eq!(
        logo.headers()["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(logo.headers()["content-type"], "image/svg+xml");
    let manifest = longshore
        .json(Method::GET, HOST, "/cdn/manifest.json")
        .await;
    assert_eq!(manifest, json!({ "version": 1 }));

    // From now on the network's addresses alone may come in, and this machine is not one of them,
    // whatever it says.
    let domains = api.get(&format!("/services/{backend}/domains")).await;
    let domain = id_of(&domains.expect(200)["items"][0]);
    let path = format!("/domains/{domain}");
    let options = json!({ "options": { "behind_cloudflare": true } });
    api.patch(&path, options).await.expect(200);
    let pretends = || async {
        let answer = longshore
            .request(Method::GET, HOST, "/health")
            .header("cf-connecting-ip", "173.245.48.7")
            .header("x-forwarded-for", "173.245.48.7")
            .send()
            .await;
        (answer.ok()?.status() == 403).then_some(())
    };
    wait::until("a closed door", Duration::from_secs(10), pretends).await;
    // The static files are another domain's.
    let path = "/cdn/manifest.json";
    longshore.json(Method::GET, HOST, path).await;
}
