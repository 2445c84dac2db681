//! The main job in the dashboard, with a real browser.

use std::time::Duration;

use longshore_e2e::apps;
use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::faults::docker;
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD};
use longshore_testkit::git::GitHttp;
use longshore_testkit::wait;

const HOST: &str = "dashboard.example.test";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sets_up_deploys_watches_the_log_and_opens_the_app() {
    let longshore = Longshore::start().await;
    let greeter = apps::greeter("one");
    let git = GitHttp::start(greeter.root()).await;
    let browser = Browser::start(&longshore.url()).await;

    // Set-up: a wrong token is refused, what was typed stays.
    browser.open("/").await;
    browser.sees("Set up this server").await;
    browser.fill("token", "wrong").await;
    browser.fill("name", "Ada Lovelace").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Create the administrator").await;
    browser.sees("Nothing was saved").await;
    browser.pictures("setup").await;
    browser.fill("token", &longshore.setup_token()).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Create the administrator").await;
    browser.sees("Start with a project").await;
    browser.pictures("first-project").await;

    // A project and an app.
    browser.press("Create the first project").await;
    browser.fill("name", "Web shop").await;
    browser.press("Create the project").await;
    browser.sees("Bring the first app ashore").await;
    browser.press("Create an app").await;
    browser.fill("name", "bad name;").await;
    browser.fill("url", &git.url("greeter")).await;
    browser.fill("branch", "main").await;
    browser.fill("port", &apps::PORT.to_string()).await;
    browser.press("Create the app").await;
    browser.sees("Nothing was saved").await;
    browser.pictures("new-app-refused").await;
    browser.fill("name", "greeter").await;
    browser.press("Create the app").await;
    browser.sees("Ready for the first deployment").await;
    let service = browser.path().await;

    // Its variables and its address.
    browser.open(&format!("{service}/variables")).await;
    browser.click("details:has([name='pasted']) summary").await;
    browser.fill("pasted", "GREETING=\"good evening\"").await;
    browser.press("Save the variables").await;
    browser.sees("good evening").await;
    browser.open(&format!("{service}/domains")).await;
    browser.fill("host", HOST).await;
    browser.click("label:has(input[value='none'])").await;
    browser.press("Add the domain").await;
    browser.sees(HOST).await;

    // Deploy, and watch the log live.
    browser.open(&service).await;
    browser.press("Deploy now").await;
    browser.sees("Deployment #1").await;
    browser
        .sees_within("COPY version", Duration::from_mins(2))
        .await;
    wait::until(
        "the end of the deployment",
        Duration::from_mins(2),
        || async {
            let status = browser.text("h1 .status").await;
            matches!(status.as_str(), "Live" | "Failed").then_some(())
        },
    )
    .await;
    assert_eq!(browser.text("h1 .status").await, "Live");
    browser.pictures("deployment").await;
    browser.fits(Look::Phone).await;
    longshore.shows(HOST, "greeter one says good evening").await;

    browser.open(&service).await;
    browser.sees("Live now").await;
    browser.pictures("service").await;
    browser.open(&format!("{service}/logs")).await;
    browser
        .sees_within("listening on 8080", Duration::from_secs(30))
        .await;
    browser.pictures("container-log").await;
    browser.open("/").await;
    browser.sees("Web shop").await;
    browser.pictures("projects").await;
    browser.fits(Look::Phone).await;

    somebody_removes_what_runs(&longshore, &browser, &service).await;

    // Sign out, be refused with a wrong password, sign in.
    browser.click("[data-menu] summary").await;
    browser.click("form[action='/logout'] button").await;
    browser.sees("Welcome back").await;
    browser.pictures("sign-in").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", "not the password").await;
    browser.press("Sign in").await;
    browser.sees("is not right").await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees("Web shop").await;
    browser.close().await;
}

/// What Longshore cannot put right by itself stands on the pages of the service and the server.
async fn somebody_removes_what_runs(longshore: &Longshore, browser: &Browser, service: &str) {
    let label = format!("label={}.owned", longshore.instance());
    let versions = docker(&["service", "ls", "--quiet", "--filter", &label]);
    docker(&["service", "rm", versions.trim()]);
    wait::until("word of it", Duration::from_mins(2), || async {
        browser.open(service).await;
        let page = browser.text("main").await;
        page.contains("is gone; deploy it again").then_some(())
    })
    .await;
    browser.pictures("difference").await;
    browser.open("/settings/server").await;
    browser.sees("Not as it should be").await;
    browser.sees("The containers of Web shop / greeter").await;
    browser.pictures("server-difference").await;
    browser.fits(Look::Phone).await;
}
