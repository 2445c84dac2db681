//! Chromium, driven through Debian's `chromedriver`.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use longshore_testkit::{ports, wait};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::{ParseError, Url};

use crate::longshore::kept_folder;

/// How long an element may take to appear.
const LIMIT: Duration = Duration::from_secs(20);

/// A running browser with a fresh profile; it ends when dropped.
pub struct Browser {
    client: Client,
    driver: Child,
    base: String,
    _profile: TempDir,
}

/// What a page is looked at on.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    /// A laptop, bright colours.
    Light,
    /// A laptop, dark colours.
    Dark,
    /// A phone, bright colours.
    Phone,
}

impl Browser {
    /// Starts it, for the pages below a URL.
    pub async fn start(base: &str) -> Self {
        let port = ports::free();
        let driver = Command::new("/usr/bin/chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("chromedriver (Debian package chromium-driver)");
        ports::listening(port).await;
        let profile = tempfile::tempdir().expect("a profile");
        let user_data = format!("--user-data-dir={}", profile.path().display());
        let options = json!({
            "binary": "/usr/bin/chromium",
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking",
                // What turns and glides is drawn by the processor here.
                "--force-prefers-reduced-motion",
                "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                // Hosts and authorities of tests are known to nobody else.
                "--host-resolver-rules=MAP *.test 127.0.0.1", "--ignore-certificate-errors",
                "--window-size=1280,900", user_data,
            ],
        });
        let mut capabilities = fantoccini::wd::Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser session");
        Self {
            client,
            driver,
            base: base.to_owned(),
            _profile: profile,
        }
    }

    /// Opens a page by its path.
    pub async fn open(&self, path: &str) {
        let url = format!("{}{path}", self.base);
        self.client.goto(&url).await.expect("the page");
    }

    /// The path of the page that is shown.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("the URL");
        url.path().to_owned()
    }

    /// Types into the field of that name, in place of what is there.
    pub async fn fill(&self, field: &str, text: &str) {
        let css = format!("[name='{field}']");
        let element = self.wait_for(&css).await;
        element.clear().await.expect("an empty field");
        element.send_keys(text).await.expect("a filled field");
    }

    /// Types into what a selector finds.
    pub async fn keys(&self, css: &str, text: &str) {
        let element = self.wait_for(css).await;
        element.send_keys(text).await.expect("typed keys");
    }

    /// Gives a file to the field of that name, which may be out of sight.
    pub async fn choose(&self, field: &str, file: &std::path::Path) {
        let css = format!("[name='{field}']");
        let element = self
            .client
            .find(Locator::Css(&css))
            .await
            .expect("a field for files");
        element
            .send_keys(&file.display().to_string())
            .await
            .expect("a chosen file");
    }

    /// Clicks what a selector finds.
    pub async fn click(&self, css: &str) {
        let element = self.wait_for(css).await;
        element.click().await.expect("a click");
    }

    /// Clicks the button or link with that text.
    pub async fn press(&self, text: &str) {
        let path = format!(
            "//main//button[normalize-space(.)='{text}'] | //main//a[normalize-space(.)='{text}']"
        );
        let element = self
            .client
            .wait()
            .at_most(LIMIT)
            .for_element(Locator::XPath(&path))
            .await;
        match element {
            Ok(element) => element.click().await.expect("a click"),
            Err(error) => {
                let what = format!("nothing to press with {text:?}: {error}");
                self.fails(&what).await;
            }
        }
    }

    /// Waits until the page's text contains something.
    pub async fn sees(&self, text: &str) {
        self.sees_within(text, LIMIT).await;
    }

    /// Waits longer until the page's text contains something.
    pub async fn sees_within(&self, text: &str, limit: Duration) {
        let seen = wait::within(limit, || async {
            self.page_text().await.contains(text).then_some(())
        });
        if seen.await.is_none() {
            self.fails(&format!("{text:?} does not appear")).await;
        }
    }

    /// The text of the page as a person sees it.
    pub async fn page_text(&self) -> String {
        let Ok(body) = self.client.find(Locator::Css("body")).await else {
            return String::new();
        };
        body.text().await.unwrap_or_default()
    }

    /// The text of what a selector finds.
    pub async fn text(&self, css: &str) -> String {
        // The page may put another element in its place at any moment.
        wait::until(css, LIMIT, || async {
            let element = self.wait_for(css).await;
            element.text().await.ok()
        })
        .await
    }

    /// Runs a script in the page.
    pub async fn script(&self, script: &str) -> Value {
        let result = self.client.execute(script, Vec::new()).await;
        result.expect("the script's result")
    }

    /// Saves a picture of the page in each look, as `target/screenshots/<name>-<look>.png`.
    pub async fn pictures(&self, name: &str) {
        for look in [Look::Dark, Look::Phone, Look::Light] {
            self.look(look).await;
            self.settle().await;
            let suffix = format!("{look:?}").to_lowercase();
            self.picture(&format!("{name}-{suffix}")).await;
        }
    }

    /// Fails when the page is wider than the screen it is looked at on.
    pub async fn fits(&self, look: Look) {
        self.look(look).await;
        let wide = "return document.documentElement.scrollWidth - window.innerWidth";
        let excess = self.script(wide).await;
        assert!(
            excess.as_i64().is_some_and(|pixels| pixels <= 0),
            "{} is {excess} pixels wider than the screen ({look:?})",
            self.path().await
        );
        self.look(Look::Light).await;
    }

    async fn look(&self, look: Look) {
        let (width, height, mobile, scheme) = match look {
            Look::Light => (1280, 900, false, "light"),
            Look::Dark => (1280, 900, false, "dark"),
            Look::Phone => (390, 844, true, "light"),
        };
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile }),
        )
        .await;
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
        )
        .await;
    }

    /// Waits for colours that still change; a spinner turns for ever.
    async fn settle(&self) {
        let moving = "return document.getAnimations().filter(animation => \
            animation.playState === 'running' && \
            animation.effect.getComputedTiming().iterations !== Infinity).length";
        wait::until("a page that stands still", LIMIT, || async {
            (self.script(moving).await == 0).then_some(())
        })
        .await;
    }

    async fn picture(&self, name: &str) {
        let picture = self.client.screenshot().await.expect("a picture");
        let file = kept_folder("screenshots").join(format!("{name}.png"));
        fs::write(file, picture).expect("a file");
    }

    async fn wait_for(&self, css: &str) -> fantoccini::elements::Element {
        let element = self
            .client
            .wait()
            .at_most(LIMIT)
            .for_element(Locator::Css(css))
            .await;
        match element {
            Ok(element) => element,
            Err(error) => self.fails(&format!("{css} does not appear: {error}")).await,
        }
    }

    /// Fails with a picture of what the browser shows.
    async fn fails(&self, what: &str) -> ! {
        self.picture("failure").await;
        panic!(
            "{what}\non {}:\n{}",
            self.path().await,
            self.page_text().await
        );
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        let command = DevTools(json!({ "cmd": command, "params": parameters }));
        self.client.issue_cmd(command).await.expect("DevTools");
    }

    /// Ends the browser in good order.
    pub async fn close(self) {
        self.client
            .clone()
            .close()
            .await
            .expect("the browser's end");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // SIGTERM, at which it ends its browsers too.
        let pid = self.driver.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.driver.wait();
    }
}

/// A command of Chrome's own protocol, through chromedriver.
#[derive(Debug)]
struct DevTools(Value);

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/goog/cdp/execute"))
    }

    fn method_and_body(&self, _url: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}
