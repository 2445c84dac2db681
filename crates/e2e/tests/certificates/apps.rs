//! Certificates by a real authority: HTTP-01, DNS-01, renewal, failures in words, own ones, and
//! an agent that is killed in the middle of it.

use std::cell::RefCell;
use std::fs;
use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::authority::{Authority, KEY, shown_certificate};
use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::faults::Part;
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD};
use longshore_testkit::wait;
use serde_json::{Value, json};

/// How long a certificate may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// For how long the authority issues: renewal comes after two thirds.
const LIFETIME_SECONDS: u32 = 45;

async fn deploy(api: &Api) -> String {
    let project = api
        .post("/projects", json!({ "name": "Secure" }))
        .await
        .expect(201);
    let environment = id_of(&project["environments"][0]);
    let script = "mkdir -p /www && echo secure > /www/index.html && exec httpd -f -p 8080 -h /www";
    let body = json!({
        "name": "web",
        "source": { "image": { "reference": "busybox:latest" } },
        "port": 8080,
        "run": { "command": ["sh", "-c", script], "stop_grace_seconds": 1, "drain_seconds": 1 },
    });
    let app = api
        .post(&format!("/environments/{environment}/apps"), body)
        .await
        .expect(201);
    let service = id_of(&app);
    api.deploy(&service).await;
    service
}

async fn add(api: &Api, service: &str, domain: Value) -> String {
    let path = format!("/services/{service}/domains");
    id_of(&api.post(&path, domain).await.expect(201))
}

/// Waits until the certificate of a domain is in a state, and gives what is said of it.
async fn until(api: &Api, domain: &str, state: &str) -> Value {
    let last = RefCell::new(Value::Null);
    wait::until(state, PATIENCE, || async {
        let found = api
            .try_get(&format!("/domains/{domain}/certificate"))
            .await?;
        if found["state"] != state && last.replace(found.clone()) != found {
            eprintln!("{domain}: {found}");
        }
        (found["state"] == state).then_some(found)
    })
    .await
}

/// Waits until the proxy shows a certificate with a text in it: it takes one right after it
/// was issued.
async fn shows(longshore: &Longshore, host: &str, text: &str) -> String {
    wait::until(text, PATIENCE, || async {
        let shown = shown_certificate(longshore.https_port(), host);
        shown.contains(text).then_some(shown)
    })
    .await
}

fn serial(text: &str) -> String {
    let line = text.lines().find(|line| line.starts_with("serial="));
    line.unwrap_or_default().to_owned()
}

async fn the_pages_say_it(longshore: &Longshore, service: &str, blocked: &str) {
    let browser = Browser::start(&longshore.url()).await;
    browser.open("/login").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees("Secure").await;
    let domains = format!("/services/{service}/domains");
    browser.open(&domains).await;
    browser
        .sees("The authority issues no certificates for this name")
        .await;
    browser.sees("Valid until").await;
    browser.pictures("domains").await;
    browser.fits(Look::Phone).await;
    browser
        .open(&format!("{domains}/{blocked}?preset=path"))
        .await;
    browser.sees("the next attempt is at").await;
    browser.pictures("domain").await;
    browser.fits(Look::Phone).await;
    browser.fill("allow", "somewhere").await;
    browser.press("Save").await;
    browser.sees("must be an IP address").await;
    browser.fill("allow", "203.0.113.0/24").await;
    browser.fill("auth_name[0]", "ada").await;
    browser.fill("auth_password[0]", "correct horse").await;
    browser.press("Save").await;
    browser.sees("was changed").await;
    browser.open("/certificates").await;
    browser.sees("Harbour Trust").await;
    browser.sees("RFC 2136 at").await;
    browser.fill("chain", "hello").await;
    browser.press("Add the certificate").await;
    browser.sees("must be PEM").await;
    browser.pictures("certificates").await;
    browser.fits(Look::Phone).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_asked_for_shown_and_renewed() {
    let mut authority = Authority::start(&["app", "blocked", "own"]).await;
    let longshore = Longshore::start_with(&authority.settings()).await;
    authority
        .open(longshore.http_port(), LIFETIME_SECONDS, "blocked.acme.test")
        .await;
    let api = longshore.api();
    let service = deploy(&api).await;

    // By HTTP-01.
    let app = add(
        &api,
        &service,
        json!({ "host": "app.acme.test", "tls": "acme" }),
    )
    .await;
    let status = until(&api, &app, "valid").await;
    assert!(
        status["valid_until"].is_string() && status["problem"].is_null(),
        "{status}"
    );
    let first = shows(&longshore, "app.acme.test", "DNS:app.acme.test").await;
    assert!(first.contains("Pebble"), "{first}");

    // By DNS-01, for all names below.
    let provider = json!({
        "name": "Knot",
        "settings": { "kind": "rfc2136", "server": authority.dns(), "key_name": "longshore" },
        "secret": KEY,
    });
    let provider = id_of(&api.post("/dns-providers", provider).await.expect(201));
    let path = format!("/services/{service}/domains");
    let bare = json!({ "host": "*.acme.test", "tls": "acme" });
    api.post(&path, bare).await.refuses(422, "dns_provider");
    let wildcard = json!({ "host": "*.acme.test", "tls": "acme", "dns_provider": provider });
    let wildcard = add(&api, &service, wildcard).await;
    until(&api, &wildcard, "valid").await;
    let shown = shows(&longshore, "any.acme.test", "DNS:*.acme.test").await;
    assert!(shown.contains("Pebble"), "{shown}");

    // Failures and waiting, in words.
    let blocked = add(
        &api,
        &service,
        json!({ "host": "blocked.acme.test", "tls": "acme" }),
    )
    .await;
    let status = until(&api, &blocked, "failing").await;
    let words = status["problem"].as_str().expect("words");
    assert!(
        words.starts_with("The authority issues no certificates for this name"),
        "{words}"
    );
    assert!(status["failing_since"].is_string() && status["next_attempt"].is_string());
    let later = add(
        &api,
        &service,
        json!({ "host": "later.acme.test", "tls": "acme" }),
    )
    .await;
    let status = until(&api, &later, "waiting_for_dns").await;
    let words = status["problem"].as_str().expect("words");
    assert!(
        words.contains("later.acme.test has no A or AAAA record yet"),
        "{words}"
    );
    api.post(&format!("/domains/{later}/certificate/retry"), json!({}))
        .await
        .expect(202);
    let status = until(&api, &later, "failing").await;
    assert!(
        status["problem"]
            .as_str()
            .expect("words")
            .contains("authority"),
        "{status}"
    );

    // The team's own.
    let (chain, key) = authority.own("own.acme.test");
    let (_, strange) = authority.own("strange.acme.test");
    let wrong = json!({ "name": "Own", "chain": chain, "private_key": strange });
    api.post("/certificates", wrong)
        .await
        .refuses(422, "does not belong to the certificate");
    let right = json!({ "name": "Own", "chain": chain, "private_key": key });
    let certificate = id_of(&api.post("/certificates", right).await.expect(201));
    let own = json!({ "host": "own.acme.test", "tls": "custom" });
    add(&api, &service, own).await;
    wait::until("the own certificate", PATIENCE, || async {
        let shown = shown_certificate(longshore.https_port(), "own.acme.test");
        shown.contains("Harbour Trust").then_some(())
    })
    .await;
    let path = format!("/certificates/{certificate}");
    api.delete(&path, Value::Null)
        .await
        .refuses(409, "own.acme.test uses this certificate");
    let uncovered = json!({ "host": "other.example.test", "tls": "custom" });
    let path = format!("/services/{service}/domains");
    api.post(&path, uncovered).await.refuses(422, "tls");

    the_pages_say_it(&longshore, &service, &blocked).await;

    // Renewal.
    wait::until("a renewed certificate", PATIENCE, || async {
        let shown = shown_certificate(longshore.https_port(), "app.acme.test");
        (!serial(&shown).is_empty() && serial(&shown) != serial(&first)).then_some(())
    })
    .await;
}

/// Waits for something that is looked at again and again, without a pause.
async fn at_once(what: &str, is_so: impl Fn() -> bool) {
    wait::until(what, PATIENCE, || async { is_so().then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_killed_in_an_order_leaves_nothing_behind() {
    let mut authority = Authority::start(&["app", "gone"]).await;
    let settings = authority.settings() + "acme_email = \"ops@example.com\"\n";
    let longshore = Longshore::start_with(&settings).await;
    authority.open_slowly(longshore.http_port()).await;
    let api = longshore.api();
    let service = deploy(&api).await;
    let way = longshore
        .folder()
        .join("data/agent/edge/dynamic/challenges.yml");
    let acme = |host: &str| json!({ "host": host, "tls": "acme" });

    // While the way to a proof over HTTP stands.
    let app = add(&api, &service, acme("app.acme.test")).await;
    at_once("the way to a proof", || way.exists()).await;
    Part::Agent.kill(&longshore);
    assert!(way.exists(), "the agent was too fast for this test");
    until(&api, &app, "valid").await;
    shows(&longshore, "app.acme.test", "DNS:app.acme.test").await;
    at_once("the end of the way", || !way.exists()).await;

    // While a DNS record stands.
    let provider = json!({
        "name": "Knot",
        "settings": { "kind": "rfc2136", "server": authority.dns(), "key_name": "longshore" },
        "secret": KEY,
    });
    let provider = id_of(&api.post("/dns-providers", provider).await.expect(201));
    let wildcard = json!({ "host": "*.acme.test", "tls": "acme", "dns_provider": provider });
    let wildcard = add(&api, &service, wildcard).await;
    let texts = || authority.texts("_acme-challenge");
    at_once("a record", || !texts().is_empty()).await;
    Part::Agent.kill(&longshore);
    let left = texts();
    assert_eq!(left.len(), 1, "the agent was too fast for this test");
    until(&api, &wildcard, "valid").await;
    shows(&longshore, "any.acme.test", "DNS:*.acme.test").await;
    assert_eq!(texts(), [""; 0], "{left:?} was left");

    // For a domain that is not wanted any more when the agent is back.
    let gone = add(&api, &service, acme("gone.acme.test")).await;
    at_once("the way to a proof", || way.exists()).await;
    Part::Agent.kill(&longshore);
    assert!(way.exists(), "the agent was too fast for this test");
    let removed = api.delete(&format!("/domains/{gone}"), Value::Null).await;
    removed.expect(204);
    at_once("the end of the way", || !way.exists()).await;

    assert_eq!(authority.accounts(), 1);
    // It is stored once the authority has taken it.
    let account = longshore
        .folder()
        .join("data/agent/certificates/account.json");
    at_once("the address for letters", || {
        fs::read_to_string(&account).is_ok_and(|text| text.contains("ops@example.com"))
    })
    .await;
}
