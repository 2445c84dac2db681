//! Apps that come from a private registry: accounts, new images, going back.

use std::time::Duration;

use longshore_e2e::api::id_of;
use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD as PERSON};
use longshore_testkit::registry::{PASSWORD, Registry, USER};
use longshore_testkit::wait;
use serde_json::{Value, json};

fn page(text: &str) -> String {
    format!("mkdir -p /www && echo '{text}' >/www/index.html && exec httpd -f -p 8080 -h /www")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_image_runs_and_a_new_one_deploys_itself() {
    // Before Longshore, so that its images go after what runs of them.
    let mut registry = Registry::start().await;
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let host = registry.host();
    let reference = registry.push("team/shop:main", &page("the first image"));
    let environment = api.project("Images").await;
    let app = json!({
        "name": "shop",
        "source": { "image": { "reference": reference } },
        "port": 8080,
    });
    let path = format!("/environments/{environment}/apps");
    let service = id_of(&api.post(&path, app).await.expect(201));
    api.domain(&service, "shop.example.test").await;

    // Without an account the failure says what to do.
    let failed = api.deploy(&service).await;
    assert_eq!(failed["failure"]["kind"], "image_pull", "{failed:#}");
    let words = failed["failure"]["message"].to_string();
    assert!(words.contains("add one for"), "{words}");

    // A wrong account is not saved, the right one is.
    let account = |password: &str| json!({ "name": "Own", "host": host, "username": USER, "password": password });
    let wrong = api.post("/registries", account("wrong")).await;
    wrong.refuses(409, "refused the user name or the password");
    let saved = api.post("/registries", account(PASSWORD)).await.expect(201);
    assert!(!saved.to_string().contains(PASSWORD), "{saved:#}");
    let first = api.deploy_live(&service).await;
    let pinned = first["image_pinned"].as_str().expect("a digest").to_owned();
    assert!(
        pinned.starts_with(&format!("{host}/team/shop@sha256:")),
        "{pinned}"
    );
    longshore
        .shows("shop.example.test", "the first image")
        .await;

    // The registry tells of a push to the same tag.
    let hook = api
        .post(&format!("/services/{service}/webhook"), json!({}))
        .await;
    let hook = hook.expect(201);
    let url = hook["url"].as_str().expect("a URL");
    let url = &url[url.find("/hooks/").expect("a path")..];
    let url = format!("{}{}", longshore.url(), url.replace("github", "registry"));
    let secret = hook["secret"].as_str().expect("a secret");
    registry.notify(&url, secret).await;
    registry.push("team/shop:main", &page("the second image"));
    longshore
        .shows("shop.example.test", "the second image")
        .await;
    let deliveries = format!("/services/{service}/deliveries");
    let deliveries = api.get(&deliveries).await.expect(200);
    let deployed = deliveries["items"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|delivery| delivery["decision"] == "deployed")
        .unwrap_or_else(|| panic!("{deliveries:#}"));
    assert_eq!(deployed["provider"], "registry");

    // Back to the first by its image, though the tag means another now.
    let second = wait::until("the second live", Duration::from_secs(30), || async {
        let list = api
            .get(&format!("/services/{service}/deployments"))
            .await
            .expect(200);
        let newest = list["items"][0].clone();
        (newest["status"] == "live").then_some(newest)
    })
    .await;
    assert_ne!(second["image_pinned"], Value::String(pinned));
    let back = json!({ "deployment": id_of(&first) });
    api.post(&format!("/services/{service}/rollback"), back)
        .await
        .expect(202);
    longshore
        .shows("shop.example.test", "the first image")
        .await;

    in_the_browser(&longshore, &registry, &id_of(&second), &service).await;
}

async fn in_the_browser(longshore: &Longshore, registry: &Registry, live: &str, service: &str) {
    let browser = Browser::start(&longshore.url()).await;
    browser.open("/login").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PERSON).await;
    browser.press("Sign in").await;
    browser.sees("Images").await;
    browser.open("/registries").await;
    browser.sees(&registry.host()).await;
    browser.fill("registry_host", "registry.invalid").await;
    browser.fill("username", "ann").await;
    browser.fill("password", "secret").await;
    browser.press("Add the account").await;
    browser.sees("cannot be reached from the server").await;
    browser.pictures("registries").await;
    browser.fits(Look::Phone).await;
    browser.click("a[href^='/registries/']").await;
    browser.sees("Leave it empty to keep it").await;
    browser.press("Save").await;
    browser.sees("was saved").await;
    browser.open(&format!("/deployments/{live}")).await;
    browser.sees("team/shop@sha256:").await;
    browser.pictures("registry-deployment").await;
    browser.fits(Look::Phone).await;
    browser.open(&format!("/services/{service}/webhook")).await;
    browser.sees("/hooks/registry/").await;
    browser.pictures("registry-webhook").await;
    browser.fits(Look::Phone).await;
    browser.close().await;
}
