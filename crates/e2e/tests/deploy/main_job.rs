//! From an empty machine to a push that deploys by itself, over the API.

use std::time::Duration;

use longshore_e2e::api::id_of;
use longshore_e2e::apps;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::GitHttp;
use longshore_testkit::wait;
use longshore_testkit::webhook::{github_push, github_signature};
use serde_json::json;

const HOST: &str = "greeter.example.test";

#[tokio::test(flavor = "multi_thread")]
async fn an_app_from_git_becomes_live_and_a_signed_push_deploys_the_next_commit() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let greeter = apps::greeter("one");
    let git = GitHttp::start(greeter.root()).await;

    // Project, app, variables, domain, deployment.
    let environment = api.project("Main job").await;
    let service = api
        .app(&environment, "greeter", &git.url("greeter"), apps::PORT)
        .await;
    let variables = json!({ "variables": {
        "GREETING": "good morning",
        "API_KEY": { "value": "s3cret-value", "secret": true },
    }});
    let path = format!("/services/{service}/variables");
    let stored = api.put(&path, variables).await.expect(200);
    assert!(!stored.to_string().contains("s3cret-value"), "{stored:#}");
    api.domain(&service, HOST).await;

    let first = api.deploy_live(&service).await;
    assert_eq!(first["number"], 1);
    assert!(first["timings_ms"]["building"].is_number(), "{first:#}");
    longshore.shows(HOST, "greeter one says good morning").await;
    assert_eq!(longshore.visit("other.example.test", "/").await.0, 404);

    let log = api
        .text(&format!("/deployments/{}/log", id_of(&first)))
        .await;
    assert!(
        log.contains("COPY version"),
        "the build is not in the log:\n{log}"
    );
    let log = api.text(&format!("/services/{service}/log")).await;
    assert!(
        log.contains("listening on 8080"),
        "the container's log:\n{log}"
    );

    // The webhook: a ping, a wrong signature, another branch, then the real push.
    let hook = api
        .post(&format!("/services/{service}/webhook"), json!({}))
        .await;
    assert!(hook.status.is_success(), "{hook:?}");
    let url = hook.body["url"].as_str().expect("a URL").to_owned();
    let secret = hook.body["secret"].as_str().expect("a secret").to_owned();
    let deliver = |event: &'static str, delivery: &'static str, secret: String, body: Vec<u8>| {
        let (api, url) = (&api, &url);
        async move {
            let signature = github_signature(&secret, &body);
            let headers = [
                ("x-github-event", event),
                ("x-github-delivery", delivery),
                ("x-hub-signature-256", signature.as_str()),
            ];
            api.deliver(url, &headers, body).await
        }
    };
    let ping = deliver("ping", "d-1", secret.clone(), b"{\"zen\":\"x\"}".to_vec()).await;
    assert!(ping.status.is_success(), "{ping:?}");

    let commit = apps::release(&greeter, "two");
    let push = github_push("main", &commit, "Version two");
    let forged = deliver("push", "d-2", "wrong".to_owned(), push.clone()).await;
    assert_eq!(forged.status.as_u16(), 401, "{forged:?}");
    let unsigned = api
        .deliver(&url, &[("x-github-event", "push")], push.clone())
        .await;
    assert_eq!(unsigned.status.as_u16(), 401, "{unsigned:?}");
    let elsewhere = github_push("feature", &commit, "Version two");
    let elsewhere = deliver("push", "d-3", secret.clone(), elsewhere)
        .await
        .expect(202);
    assert_eq!(elsewhere["deployments"], json!([]), "{elsewhere:#}");
    longshore.shows(HOST, "greeter one").await;

    let accepted = deliver("push", "d-4", secret.clone(), push.clone())
        .await
        .expect(202);
    let deployment = accepted["deployments"][0].clone();
    let deployment = deployment
        .as_str()
        .map_or_else(|| id_of(&deployment), str::to_owned);
    let path = format!("/deployments/{deployment}");
    let ended = wait::until(
        "the pushed version's end",
        Duration::from_mins(2),
        || async {
            let now = api.get(&path).await.expect(200);
            let status = now["status"].as_str().unwrap_or_default().to_owned();
            matches!(
                status.as_str(),
                "live" | "failed" | "cancelled" | "superseded"
            )
            .then_some(now)
        },
    )
    .await;
    api.is_live(&ended).await;
    assert_eq!(ended["number"], 2, "a refused delivery made a deployment");
    assert!(ended["commit"].to_string().contains(&commit), "{ended:#}");
    longshore.shows(HOST, "greeter two says good morning").await;

    // The same delivery again is not a second push: it is told of the first one's deployment.
    let again = deliver("push", "d-4", secret, push).await;
    assert!(again.status.is_success(), "{again:?}");
    assert_eq!(
        again.body["deployments"],
        json!([deployment]),
        "{:#}",
        again.body
    );

    // Back to the first version, without a build.
    let path = format!("/services/{service}/rollback");
    let back = api
        .post(&path, json!({ "deployment": id_of(&first) }))
        .await
        .expect(202);
    let path = format!("/deployments/{}", id_of(&back));
    wait::until("the roll back", Duration::from_mins(1), || async {
        (api.get(&path).await.expect(200)["status"] == "live").then_some(())
    })
    .await;
    longshore.shows(HOST, "greeter one says good morning").await;
    let number = api.get(&path).await.expect(200)["number"].clone();
    assert_eq!(number, 3, "a repeated delivery made a deployment");
}
