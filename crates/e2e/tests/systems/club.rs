//! A monorepo with a site and an API, pushed as a whole and deployed in parts.

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::hook::Hook;
use longshore_e2e::longshore::Longshore;
use longshore_e2e::systems;
use longshore_testkit::git::GitHttp;
use longshore_testkit::wait;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const APEX: &str = "club.example.test";
const API: &str = "api.club.example.test";

async fn part(api: &Api, environment: &str, url: &str, name: &str, port: u16) -> String {
    let app = json!({
        "name": name,
        "source": { "git": {
            "url": url,
            "branch": "develop",
            "watch_paths": [format!("apps/{name}"), "packages"],
        } },
        "build": { "dockerfile": { "path": format!("apps/{name}/Dockerfile"), "context": "." } },
        "port": port,
    });
    let path = format!("/environments/{environment}/apps");
    id_of(&api.post(&path, app).await.expect(201))
}

/// A push that names the files that it changed.
fn push(commit: &str, modified: &[&str]) -> Vec<u8> {
    let push = json!({
        "ref": "refs/heads/develop",
        "before": "0".repeat(39) + "1",
        "after": commit,
        "created": false,
        "deleted": false,
        "forced": false,
        "repository": { "full_name": "example/club" },
        "pusher": { "name": "coach" },
        "head_commit": { "id": commit, "message": "A push" },
        "commits": [{
            "id": commit, "message": "A push", "added": [], "removed": [], "modified": modified,
        }],
    });
    push.to_string().into_bytes()
}

async fn latest(api: &Api, service: &str) -> Value {
    let path = format!("/services/{service}/deployments");
    api.get(&path).await.expect(200)["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monorepo_deploys_the_part_that_changed() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Club").await;
    let repository = systems::repository("club");
    repository.branch("develop");
    let git = GitHttp::start(repository.root()).await;

    api.postgres(&environment, "db").await;
    let backend = part(&api, &environment, &git.url("club"), "api", 3000).await;
    let variables = json!({
        "DATABASE_URL": { "value": "${{db.DATABASE_URL}}", "secret": true },
        "SEED_DB": "true",
    });
    api.variables(&backend, variables).await;
    api.domain(&backend, API).await;
    let site = part(&api, &environment, &git.url("club"), "web", 80).await;
    api.domain(&site, APEX).await;
    let other = json!({
        "host": format!("www.{APEX}"),
        "tls": "none",
        "options": { "redirect_to": { "to": format!("http://{APEX}") } },
    });
    // Nobody comes in here without a password.
    let private = json!({
        "host": format!("members.{APEX}"),
        "tls": "none",
        "options": { "basic_auth": [{ "name": "coach", "password": "goal keeper" }] },
    });
    for domain in [other, private] {
        let path = format!("/services/{site}/domains");
        api.post(&path, domain).await.expect(201);
    }
    api.deploy_live(&backend).await;
    api.deploy_live(&site).await;

    let members = longshore.json(Method::GET, API, "/members").await;
    assert_eq!(members["club"], "The sports club");
    assert_eq!(
        members["members"],
        json!([{ "name": "Coach" }, { "name": "Goalkeeper" }])
    );
    longshore.shows(APEX, "version one").await;
    let (status, page) = longshore.visit(APEX, "/members/7").await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("version one"), "{page}");
    let redirect = longshore
        .request(Method::GET, &format!("www.{APEX}"), "/members/7?page=2")
        .send()
        .await
        .expect("an answer");
    assert!(redirect.status().is_redirection(), "{redirect:?}");
    assert!(
        redirect.headers()["location"]
            .to_str()
            .expect("text")
            .ends_with("club.example.test/members/7?page=2"),
        "{redirect:?}"
    );
    let private = format!("members.{APEX}");
    assert_eq!(longshore.visit(&private, "/").await.0, 401);
    let shown = longshore
        .request(Method::GET, &private, "/")
        .basic_auth("coach", Some("goal keeper"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(shown.status(), 200);

    // A push that changes the site alone.
    let hooks = [
        Hook::make(&api, &site).await,
        Hook::make(&api, &backend).await,
    ];
    repository.write(
        "apps/web/index.html",
        "<!doctype html><div id=\"app\">version two</div>",
    );
    let commit = repository.commit("Version two of the site");
    let body = push(&commit, &["apps/web/index.html"]);
    let taken = hooks[0]
        .deliver(&api, "push", "site-two", body.clone())
        .await
        .expect(202);
    assert_eq!(taken["decision"], "deployed", "{taken:#}");
    let refused = hooks[1]
        .deliver(&api, "push", "api-two", body)
        .await
        .expect(202);
    assert_eq!(refused["decision"], "ignored", "{refused:#}");
    assert!(
        refused["reason"]
            .as_str()
            .expect("a reason")
            .contains("matches no watch path"),
        "{refused:#}"
    );
    wait::until("version two", Duration::from_secs(120), || async {
        let deployment = latest(&api, &site).await;
        assert_ne!(deployment["status"], "failed", "{deployment:#}");
        (deployment["status"] == "live" && deployment["number"] == 2).then_some(())
    })
    .await;
    longshore.shows(APEX, "version two").await;
    assert_eq!(latest(&api, &backend).await["number"], 1);
}
