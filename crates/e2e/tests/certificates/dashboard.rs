//! The dashboard on a domain of its own, with a certificate by a real authority.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::authority::{Authority, shown_certificate};
use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD};
use longshore_testkit::wait;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// How long a certificate may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
const HOST: &str = "panel.acme.test";

async fn until_valid(api: &Api) -> Value {
    wait::until("a certificate", PATIENCE, || async {
        let found = api.try_get("/dashboard/domain").await?;
        (found["state"]["state"] == "valid").then_some(found)
    })
    .await
}

/// Head and body of what the dashboard answers at its own domain; the authority of the test
/// is nobody whom the machine trusts.
fn ask(longshore: &Longshore, path: &str) -> String {
    let port = longshore.https_port();
    let output = Command::new("curl")
        .args(["-ksi", "--max-time", "10", "--resolve"])
        .arg(format!("{HOST}:{port}:127.0.0.1"))
        .arg(format!("https://{HOST}:{port}{path}"))
        .output()
        .expect("curl");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn people_sign_in_there(longshore: &Longshore) {
    let base = format!("https://{HOST}:{}", longshore.https_port());
    let browser = Browser::start(&base).await;
    browser.open("/login").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees("Harbour").await;
    browser.open("/settings/server").await;
    browser.sees("Valid until").await;
    browser.pictures("server").await;
    browser.fits(Look::Phone).await;
    browser.fill("host", "app.acme.test").await;
    browser.press("Change the address").await;
    browser.sees("is the domain of a service").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_is_reached_on_a_domain_of_its_own() {
    let mut authority = Authority::start(&["panel"]).await;
    let settings = authority.settings();
    let mut longshore = Longshore::start_at(Ipv4Addr::UNSPECIFIED, &settings).await;
    authority
        .open(longshore.http_port(), 3600, "blocked.acme.test")
        .await;
    let api = longshore.api();
    let project = json!({ "name": "Harbour" });
    let project = api.post("/projects", project).await.expect(201);
    let environment = id_of(&project["environments"][0]);
    let app = json!({
        "name": "web",
        "source": { "image": { "reference": "busybox:latest" } },
        "port": 8080,
    });
    let path = format!("/environments/{environment}/apps");
    let service = id_of(&api.post(&path, app).await.expect(201));
    let domains = format!("/services/{service}/domains");
    let other = json!({ "host": "app.acme.test", "tls": "none" });
    api.post(&domains, other).await.expect(201);

    let wish = json!({ "host": HOST });
    let given = api.put("/dashboard/domain", wish.clone()).await.expect(200);
    let url = format!("https://{HOST}:{}", longshore.https_port());
    assert_eq!(given["url"], url);
    until_valid(&api).await;
    let shown = wait::until("the certificate", PATIENCE, || async {
        let shown = shown_certificate(longshore.https_port(), HOST);
        shown.contains("Pebble").then_some(shown)
    })
    .await;
    assert!(shown.contains(&format!("DNS:{HOST}")), "{shown}");
    api.post(&domains, wish).await.refuses(409, "dashboard");

    // Plain HTTP is sent on; over HTTPS the cookie is for HTTPS alone.
    let plain = longshore.request(Method::GET, HOST, "/login").send().await;
    let plain = plain.expect("an answer");
    assert_eq!(plain.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(plain.headers()["location"], format!("{url}/login"));
    let login = ask(&longshore, "/login").to_lowercase();
    let cookie = login
        .lines()
        .find(|line| line.starts_with("set-cookie: longshore_session="));
    let cookie = cookie.expect("a cookie");
    assert!(cookie.contains("; secure"), "{cookie}");
    let hook = api
        .post(&format!("/services/{service}/webhook"), json!({}))
        .await;
    let hook = hook.expect(201)["url"].to_string();
    assert!(hook.contains(&format!("{url}/hooks/")), "{hook}");
    people_sign_in_there(&longshore).await;

    // It is still there after a restart, and gone when it is taken away.
    longshore.restart().await;
    let alive = ask(&longshore, "/healthz");
    assert!(alive.starts_with("HTTP/2 200"), "{alive}");
    api.delete("/dashboard/domain", json!({})).await.expect(204);
    wait::until("no route", PATIENCE, || async {
        ask(&longshore, "/healthz")
            .starts_with("HTTP/2 404")
            .then_some(())
    })
    .await;
}
