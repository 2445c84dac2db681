//! A stack in the dashboard, with a real browser: from a typed Compose file to components
//! with logs.

use std::time::Duration;

use longshore_e2e::browser::{Browser, Look};
use longshore_e2e::longshore::{EMAIL, Longshore, PASSWORD};

/// How long a stack may take until it is live.
const PATIENCE: Duration = Duration::from_secs(90);

const COMPOSE: &str = r#"services:
  web:
    image: busybox:latest
    command: ["sh", "-c", "mkdir -p /www && echo $$GREETING > /www/index.html && exec httpd -f -p 8080 -h /www"]
    environment:
      GREETING: ${GREETING:?say hello}
    expose: ["8080"]
    healthcheck:
      test: ["CMD", "wget", "-qO-", "http://127.0.0.1:8080/"]
      interval: 1s
    depends_on:
      clock:
        condition: service_started
    stop_grace_period: 1s
  clock:
    image: busybox:latest
    command: ["sh", "-c", "while true; do echo tick; sleep 1; done"]
    volumes: ["times:/times"]
    stop_grace_period: 1s
volumes:
  times:
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_types_a_stack_and_follows_its_components() {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let environment = api.project("Harbour").await;
    let browser = Browser::start(&longshore.url()).await;
    browser.open("/login").await;
    browser.fill("email", EMAIL).await;
    browser.fill("password", PASSWORD).await;
    browser.press("Sign in").await;
    browser.sees("Harbour").await;

    // Refused first: what is wrong is said, and what was typed stays.
    browser.open(&format!("/environments/{environment}")).await;
    browser.press("Create a stack from a Compose file").await;
    browser.sees("Where the Compose file is").await;
    browser.pictures("new-stack").await;
    browser.fits(Look::Phone).await;
    browser.click("label:has(input[value='typed'])").await;
    browser.fill("name", "Not a name!").await;
    browser.fill("compose", COMPOSE).await;
    browser.press("Create the stack").await;
    browser.sees("Nothing was saved").await;
    browser.pictures("new-stack-refused").await;
    browser.fits(Look::Phone).await;
    browser.fill("name", "harbour").await;
    browser.press("Create the stack").await;
    browser.sees("ready for its first deployment").await;
    let stack = browser.path().await;
    browser.pictures("stack-new").await;
    browser.fits(Look::Phone).await;

    // A variable that the file demands is missing: the deployment says which.
    browser.press("Deploy").await;
    browser.sees_within("say hello", PATIENCE).await;
    browser.pictures("stack-failed").await;
    browser.fits(Look::Phone).await;
    browser.open(&format!("{stack}/variables")).await;
    browser.fill("key[0]", "GREETING").await;
    browser.fill("value[0]", "ahoy").await;
    browser.press("Save the variables").await;
    browser.sees("Saved").await;
    browser.open(&stack).await;
    browser.press("Deploy").await;
    browser.sees_within("The log has ended", PATIENCE).await;
    browser.sees("Component by component").await;
    browser.pictures("stack-deployment").await;
    browser.fits(Look::Phone).await;

    browser.open(&stack).await;
    browser.sees("Running").await;
    browser.pictures("stack").await;
    browser.fits(Look::Phone).await;
    browser.open(&format!("{stack}/components")).await;
    browser.sees("harbour-web").await;
    browser.pictures("stack-components").await;
    browser.fits(Look::Phone).await;
    browser.press("Log").await;
    browser.sees("tick").await;
    browser
        .open(&format!("{stack}/terminal?component=clock"))
        .await;
    browser.press("Open").await;
    browser.sees_within("Container ", PATIENCE).await;
    browser
        .keys(
            ".xterm-helper-textarea",
            "mount | grep -c ' /times '; echo of $((6*7))\n",
        )
        .await;
    browser.sees_within("of 42", PATIENCE).await;
    browser.pictures("stack-shell").await;
    browser.fits(Look::Phone).await;
    browser.open(&format!("{stack}/logs?component=clock")).await;
    browser.sees("tick").await;
    browser.pictures("stack-log").await;
    browser.fits(Look::Phone).await;
    browser.open(&format!("{stack}/stack")).await;
    browser.sees("Changes take effect").await;
    browser.pictures("stack-file").await;
    browser.fits(Look::Phone).await;

    // The domain of a component.
    browser.open(&format!("{stack}/domains")).await;
    browser.fill("host", "ahoy.example.test").await;
    browser.fill("component", "web").await;
    browser.fill("port", "8080").await;
    browser.click("label:has(input[value='none'])").await;
    browser.press("Add the domain").await;
    browser.sees("now leads to this service").await;
    browser.pictures("stack-domains").await;
    browser.fits(Look::Phone).await;
    longshore.shows("ahoy.example.test", "ahoy").await;
    browser.close().await;
}
