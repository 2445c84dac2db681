//! An app on a Longshore of its own, deployed by webhook as by a Git host.

use std::time::{Duration, Instant};

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::apps;
use longshore_e2e::hook::Hook;
use longshore_e2e::longshore::Longshore;
use longshore_testkit::git::{GitHttp, Repository};
use serde_json::{Value, json};

const HOST: &str = "app.example.test";
/// The longest that a version may take to show up.
const LIMIT: Duration = Duration::from_mins(3);
/// How often the page is asked for.
const POLL: Duration = Duration::from_millis(5);

/// The app, its repository and its hook.
pub struct App {
    /// The Longshore that it is on.
    pub longshore: Longshore,
    /// A client of its API.
    pub api: Api,
    /// The service.
    pub service: String,
    /// Where `git` finds the repository.
    pub url: String,
    hook: Hook,
    _git: GitHttp,
}

/// One push, from the delivery on.
pub struct Push {
    /// Until the delivery was answered.
    pub answered: Duration,
    /// Until the proxy answered with the new version.
    pub shown: Duration,
    /// The deployment when it was live.
    pub deployment: Value,
}

impl App {
    /// An app of that repository, live.
    pub async fn start(repository: &Repository) -> Self {
        let longshore = Longshore::start().await;
        let api = longshore.api();
        let git = GitHttp::start(repository.root()).await;
        let url = git.url(repository.name());
        let environment = api.project("Benchmark").await;
        let service = api.app(&environment, "app", &url, apps::PORT).await;
        api.domain(&service, HOST).await;
        api.deploy_live(&service).await;
        let hook = Hook::make(&api, &service).await;
        Self {
            longshore,
            api,
            service,
            url,
            hook,
            _git: git,
        }
    }

    /// Delivers a push of a commit and waits until its version answers and is live.
    pub async fn push(&self, commit: &str, version: &str) -> Push {
        let start = Instant::now();
        let accepted = self.hook.push(&self.api, commit).await;
        let answered = start.elapsed();
        self.first_answer(version, start).await;
        let shown = start.elapsed();
        let deployment = &accepted["deployments"][0];
        let id = deployment
            .as_str()
            .map_or_else(|| id_of(deployment), str::to_owned);
        Push {
            answered,
            shown,
            deployment: self.live(&id).await,
        }
    }

    /// Rolls back to a deployment; gives the time until its version answers.
    pub async fn roll_back(&self, deployment: &str, version: &str) -> Duration {
        let start = Instant::now();
        let path = format!("/services/{}/rollback", self.service);
        let back = self
            .api
            .post(&path, json!({ "deployment": deployment }))
            .await;
        self.first_answer(version, start).await;
        let shown = start.elapsed();
        self.live(&id_of(&back.expect(202))).await;
        shown
    }

    async fn first_answer(&self, version: &str, start: Instant) {
        let client = reqwest::Client::new();
        let url = format!("http://127.0.0.1:{}/", self.longshore.http_port());
        loop {
            let answer = client.get(&url).header("host", HOST).send().await;
            if let Ok(answer) = answer
                && answer.text().await.is_ok_and(|page| page.contains(version))
            {
                return;
            }
            assert!(start.elapsed() < LIMIT, "{version} does not show up");
            tokio::time::sleep(POLL).await;
        }
    }

    async fn live(&self, deployment: &str) -> Value {
        let path = format!("/deployments/{deployment}");
        loop {
            let now = self.api.get(&path).await.expect(200);
            if now["status"] == "live" {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
