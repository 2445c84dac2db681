//! Apps that bring no Dockerfile: static files, and what Longshore finds by itself.

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD};
use longshore_testkit::git::{GitHttp, Repository};
use serde_json::{Value, json};

const PORT: u16 = 8080;

async fn app(api: &Api, environment: &str, url: &str, build: Value) -> String {
    let repository = url.trim_end_matches(".git");
    let name = repository.rsplit('/').next().unwrap_or("app");
    let app = json!({
        "name": name,
        "source": { "git": { "url": url, "branch": "main" } },
        "build": build,
        "port": PORT,
    });
    let path = format!("/environments/{environment}/apps");
    id_of(&api.post(&path, app).await.expect(201))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_static_site_and_an_app_without_a_dockerfile_answer_through_the_proxy() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("No Dockerfile").await;

    // A static site in a folder, as a single-page app.
    let site = Repository::new("site")
        .file("web/index.html", "the site")
        .file("web/about.html", "about the site")
        .file("README.md", "not served");
    site.commit("The site");
    let site_git = GitHttp::start(site.root()).await;
    let refused = json!({
        "name": "site",
        "source": { "git": { "url": site_git.url("site"), "branch": "main" } },
        "build": { "static": { "directory": "web$x" } },
        "port": PORT,
    });
    let path = format!("/environments/{environment}/apps");
    api.post(&path, refused)
        .await
        .refuses(422, "build.static.directory");
    let build = json!({ "static": { "directory": "web", "spa": true } });
    let service = app(&api, &environment, &site_git.url("site"), build.clone()).await;
    let shown = api.get(&format!("/services/{service}")).await.expect(200);
    assert_eq!(shown["build"], build, "{shown:#}");
    api.domain(&service, "site.example.test").await;
    api.deploy_live(&service).await;
    longshore.shows("site.example.test", "the site").await;
    for (path, text) in [("/about", "about the site"), ("/a/page", "the site")] {
        let answer = longshore.visit("site.example.test", path).await;
        assert_eq!(answer, (200, text.to_owned()), "{path}");
    }
    let missing = longshore.visit("site.example.test", "/README.md").await;
    assert_eq!(missing.0, 404, "{missing:?}");

    // Nothing that is known: the failure says what to do.
    let bare = Repository::new("bare").file("README.md", "nothing to build");
    bare.commit("Nothing");
    let bare_git = GitHttp::start(bare.root()).await;
    let url = bare_git.url("bare");
    let service = app(&api, &environment, &url, json!({ "auto": {} })).await;
    let failed = api.deploy(&service).await;
    assert_eq!(failed["status"], "failed", "{failed:#}");
    assert_eq!(failed["failure"]["kind"], "build_undetected", "{failed:#}");
    let words = failed["failure"].to_string();
    assert!(words.contains("package.json"), "{words}");
    assert!(words.contains("Add a Dockerfile"), "{words}");

    // A Node app; the Dockerfile is shown.
    let node = Repository::new("node")
        .file(
            "package.json",
            r#"{"engines":{"node":"20"},"scripts":{"start":"node server.js"}}"#,
        )
        .file(
            "server.js",
            "require('http').createServer((q, a) => a.end('from node')).listen(process.env.PORT);",
        );
    node.commit("The app");
    let node_git = GitHttp::start(node.root()).await;
    let url = node_git.url("node");
    let service = app(&api, &environment, &url, json!({ "auto": {} })).await;
    api.domain(&service, "node.example.test").await;
    let live = api.deploy_live(&service).await;
    longshore.shows("node.example.test", "from node").await;
    let path = format!("/deployments/{}/log", id_of(&live));
    let log = api.text(&path).await;
    assert!(log.contains("Found Node 20 with npm"), "{log}");
    assert!(log.contains("FROM node:20-slim"), "{log}");
    assert!(log.contains("To keep it"), "{log}");

    // The choice and the Dockerfile on the pages.
    let browser = Browser::start(&longshore.url()).await;
    browser.open("/login").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees("No Dockerfile").await;
    browser
        .open(&format!("/environments/{environment}/apps/new"))
        .await;
    // The same part of the page is in each picture.
    browser
        .script(
            "addEventListener('resize', () => requestAnimationFrame(() => document \
             .querySelector('[name=build]').closest('fieldset').scrollIntoView()))",
        )
        .await;
    for (choice, words) in [
        ("dockerfile", "context, stage"),
        ("static", "single-page app"),
        ("auto", "to keep it"),
    ] {
        let label = format!("label:has(input[name='build'][value='{choice}'])");
        browser.click(&label).await;
        browser.sees(words).await;
        browser.pictures(&format!("build-{choice}")).await;
        browser.fits(Look::Phone).await;
    }
    browser
        .open(&format!("/deployments/{}", id_of(&live)))
        .await;
    browser.sees("FROM node:20-slim").await;
    browser.pictures("build-log").await;
    browser.close().await;
}
