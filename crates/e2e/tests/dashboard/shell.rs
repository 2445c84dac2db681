//! A shell in a running container, in a real browser.

use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD};
use longshore_testkit::wait;
use serde_json::json;

/// How long what happens in a terminal may take.
const PATIENCE: Duration = Duration::from_secs(20);

async fn worker(api: &Api, environment: &str, replicas: u32) -> String {
    let app = json!({
        "name": "worker",
        "source": { "image": { "reference": "busybox:latest" } },
        "run": {
            "command": ["sleep", "3600"],
            "replicas": replicas,
            "settle_seconds": 1,
            "stop_grace_seconds": 1,
            "drain_seconds": 0,
        },
    });
    let path = format!("/environments/{environment}/apps");
    let service = id_of(&api.post(&path, app).await.expect(201));
    let variables = json!({ "variables": { "GREETING": "ahoy ⚓" } });
    let path = format!("/services/{service}/variables");
    api.put(&path, variables).await.expect(200);
    api.deploy_live(&service).await;
    service
}

async fn sign_in(browser: &Browser) {
    browser.open("/login").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees("Projects").await;
}

async fn screen(browser: &Browser) -> String {
    let text = browser
        .script("return document.querySelector('.xterm-rows')?.innerText ?? ''")
        .await;
    text.as_str().unwrap_or_default().replace('\u{a0}', " ")
}

async fn shows(browser: &Browser, text: &str) {
    let shown = wait::within(PATIENCE, || async {
        screen(browser).await.contains(text).then_some(())
    });
    let is_shown = shown.await.is_some();
    let screen = screen(browser).await;
    assert!(is_shown, "{text:?} is not in {screen:?}");
}

/// What runs in the containers of a service, as Docker sees it.
fn processes(longshore: &Longshore, service: &str) -> String {
    let label = format!("label={}.service={service}", longshore.instance());
    docker(&["ps", "-q", "--filter", &label])
        .lines()
        .map(|container| docker(&["top", container]))
        .collect()
}

async fn gone(longshore: &Longshore, service: &str, words: &[&str]) {
    wait::until("the end of the processes", PATIENCE, || async {
        let running = processes(longshore, service);
        (!words.iter().any(|word| running.contains(word))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_types_into_a_container_and_leaves_nothing_behind() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Harbour").await;
    let service = worker(&api, &environment, 2).await;
    let browser = Browser::start(&longshore.url()).await;
    sign_in(&browser).await;
    let page = format!("/services/{service}/terminal");

    // Typed, resized, the right container.
    browser.open(&page).await;
    browser.sees("Container 2").await;
    browser.press("Open").await;
    browser.sees_within("Container ", PATIENCE).await;
    shows(&browser, "#").await;
    browser
        .keys(
            ".xterm-helper-textarea",
            "echo \"$GREETING\" $((6*7)); tty; stty size\n",
        )
        .await;
    shows(&browser, "ahoy ⚓ 42").await;
    shows(&browser, "/dev/pts/").await;
    let rules = "return getComputedStyle(document.querySelector('.xterm-rows')).whiteSpace";
    assert_eq!(
        browser.script(rules).await,
        "pre",
        "the policy refused its rules"
    );
    browser.pictures("shell").await;
    browser.fits(Look::Phone).await;

    // The browser goes; so does all that was started, also what left the session.
    browser
        .keys(
            ".xterm-helper-textarea",
            "sleep 4321 & setsid sleep 4322 &\n",
        )
        .await;
    wait::until("the processes", PATIENCE, || async {
        let running = processes(&longshore, &service);
        ["4321", "4322"]
            .iter()
            .all(|word| running.contains(word))
            .then_some(())
    })
    .await;
    browser.open("/").await;
    gone(&longshore, &service, &["4321", "4322", "/bin/sh"]).await;

    // Output that looks like Docker's own framing, and a program that ends.
    browser.open(&page).await;
    browser.press("Open").await;
    shows(&browser, "#").await;
    browser
        .keys(
            ".xterm-helper-textarea",
            "printf '\\001\\000\\000\\000\\377\\377\\377\\377'; echo still; exit 3\n",
        )
        .await;
    browser.sees_within("ended with code 3", PATIENCE).await;
    shows(&browser, "still").await;

    // The agent is asked to stop: nothing is left then either.
    browser.press("Open").await;
    shows(&browser, "#").await;
    browser.keys(".xterm-helper-textarea", "sleep 4324\n").await;
    wait::until("the process", PATIENCE, || async {
        processes(&longshore, &service)
            .contains("4324")
            .then_some(())
    })
    .await;

    // The project forbids it: what is open closes.
    let project = api.get("/projects").await.body["items"][0]["id"].clone();
    let switch = format!("/projects/{}/terminals", project.as_str().expect("an id"));
    api.put(&switch, json!({ "allowed": false }))
        .await
        .expect(200);
    browser
        .sees_within("you may not have it any longer", PATIENCE)
        .await;
    gone(&longshore, &service, &["4324", "/bin/sh"]).await;
    browser.open(&page).await;
    browser.sees("Shells are not allowed here").await;
    api.put(&switch, json!({ "allowed": true }))
        .await
        .expect(200);

    // The session ends: so does the terminal.
    browser.open(&page).await;
    browser.press("Open").await;
    shows(&browser, "#").await;
    browser
        .script("fetch('/logout', { method: 'POST', headers: { 'x-csrf-token': document.querySelector('input[name=csrf]').value } })")
        .await;
    browser
        .sees_within("you may not have it any longer", PATIENCE)
        .await;
    gone(&longshore, &service, &["/bin/sh"]).await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_has_its_console() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Harbour").await;
    let database = |name: &str, engine: &str| {
        let body = json!({ "name": name, "engine": engine });
        let path = format!("/environments/{environment}/databases");
        let api = &api;
        async move { id_of(&api.post(&path, body).await.expect(201)) }
    };
    let (postgres, redis) = (
        database("db", "postgres").await,
        database("cache", "redis").await,
    );
    let (mariadb, valkey) = (
        database("other-db", "mariadb").await,
        database("other-cache", "valkey").await,
    );
    for service in [&postgres, &redis, &mariadb, &valkey] {
        wait::until("the database", Duration::from_secs(90), || async {
            let shown = api.get(&format!("/services/{service}")).await.body;
            (shown["status"] == "running").then_some(())
        })
        .await;
    }
    // Its container does not know this one.
    let password = format!("/services/{mariadb}/password");
    api.post(&password, json!({})).await.expect(200);
    let browser = Browser::start(&longshore.url()).await;
    sign_in(&browser).await;
    for (service, prompt, typed, seen) in [
        (&postgres, "app=#", "SELECT 6*7 AS answer;\n", "42"),
        (&redis, "127.0.0.1:6379>", "ECHO Ahoy\n", "\"Ahoy\""),
        (&mariadb, "[app]>", "SELECT 6*7 AS answer;\n", "42"),
        (&valkey, "127.0.0.1:6379>", "ECHO Ahoy\n", "\"Ahoy\""),
    ] {
        browser.open(&format!("/services/{service}/terminal")).await;
        browser.press("Open").await;
        shows(&browser, prompt).await;
        browser.keys(".xterm-helper-textarea", typed).await;
        shows(&browser, seen).await;
    }
    browser.pictures("console").await;
    browser.open("/").await;
    gone(&longshore, &postgres, &["psql"]).await;
    gone(&longshore, &redis, &["redis-cli"]).await;
    gone(&longshore, &mariadb, &["mariadb --user"]).await;
    gone(&longshore, &valkey, &["valkey-cli"]).await;
    browser.close().await;
}
