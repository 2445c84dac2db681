//! Cancelling in every stage: the work stops at once and leaves nothing, and the next in the queue
//! goes live by itself.
//!
//! Runs alone: an end within two seconds is measured.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::longshore::Longshore;
use longshore_e2e::visits::Visits;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::{sample, wait};
use serde_json::{Value, json};
use tokio::net::TcpListener;

const HOST: &str = "steady.example.test";

/// What is promised, and what a debug build on a busy machine must keep.
const PROMISE: Duration = Duration::from_secs(2);
const LIMIT: Duration = Duration::from_secs(5);

/// How many of the longer stages a usual run takes; `cargo xtask chaos` takes all.
const USUAL_STAGES: usize = 3;

/// Between two looks while it is measured.
const LOOK: Duration = Duration::from_millis(20);

/// How long what was told to end may take to be gone: Swarm removes containers behind our backs.
const GONE: Duration = Duration::from_secs(15);

/// Nothing else on the machine sleeps that long: what is left of a cancelled stage is found by it.
const NAP: &str = "98761";

struct Stage {
    name: &'static str,
    /// Changes of the service that let it hang there.
    change: Value,
    /// What the log says when it has come so far.
    reached: &'static str,
}

fn stages(hanging: &str) -> Vec<Stage> {
    let script = |text: &str| json!(["sh", "-c", format!("echo {text}; sleep {NAP}")]);
    let stage = |name, change, reached| Stage {
        name,
        change,
        reached,
    };
    vec![
        stage(
            "fetching",
            json!({ "source": { "git": { "url": hanging, "branch": "main" } } }),
            "",
        ),
        stage(
            "building",
            json!({ "build": { "dockerfile": { "path": "Slow", "context": "." } } }),
            "busy building",
        ),
        stage(
            "releasing",
            json!({ "run": { "release_command": script("busy releasing") } }),
            "busy releasing",
        ),
        stage(
            "starting",
            json!({ "run": {
                "command": script("busy starting"),
                "health": { "start_period_seconds": 600 },
            } }),
            "",
        ),
        stage(
            "verifying",
            // It takes every connection and answers none.
            json!({ "run": { "command": ["nc", "-ll", "-p", "8080", "-e", "sleep", NAP] } }),
            "",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_deployment_stops_at_once_in_every_stage() {
    let longshore = Longshore::start_alone().await;
    let world = World::new(&longshore).await;
    let load = Visits::start(longshore.http_port(), HOST);
    let mut rows = vec![world.cancel_queued().await];
    let stages = sample::of("cancelled", stages(&world.hanging_url), USUAL_STAGES);
    for stage in stages {
        rows.push(world.cancel_in(&stage).await);
    }
    rows.push(world.cancel_switching().await);

    eprintln!("| stage | ended as | ms to the end | ms until nothing is left | next is live |");
    eprintln!("|---|---|---|---|---|");
    for row in &rows {
        eprintln!(
            "| {} | {} | {} | {} | {} |",
            row.stage,
            row.status,
            row.ended.as_millis(),
            row.gone.as_millis(),
            row.next
        );
    }
    let late: Vec<_> = rows.iter().filter(|row| row.ended > PROMISE).collect();
    eprintln!(
        "{} of {} took longer than the promised two seconds",
        late.len(),
        rows.len()
    );
    for row in &rows {
        assert!(row.ended <= LIMIT, "{}: {:?}", row.stage, row.ended);
    }
    let seen = load.finish();
    eprintln!("{} requests answered, {} not", seen.good, seen.bad.len());
    assert_eq!(seen.bad, Vec::<String>::new());
}

struct Row {
    stage: &'static str,
    status: String,
    ended: Duration,
    gone: Duration,
    next: String,
}

struct World<'a> {
    longshore: &'a Longshore,
    api: Api,
    service: String,
    url: String,
    hanging_url: String,
    _repository: Repository,
    _git: GitHttp,
    _hanging: TcpListener,
}

impl<'a> World<'a> {
    async fn new(longshore: &'a Longshore) -> Self {
        let api = longshore.api();
        let repository = Repository::new("steady")
            .file(
                "Dockerfile",
                "FROM busybox:latest\n\
                 RUN mkdir /www && echo steady >/www/index.html\n\
                 CMD [\"httpd\", \"-f\", \"-p\", \"8080\", \"-h\", \"/www\"]\n",
            )
            .file(
                "Slow",
                &format!("FROM busybox:latest\nRUN echo busy building; sleep {NAP}\n"),
            );
        repository.commit("Steady");
        let git = GitHttp::start(repository.root()).await;
        let url = git.url("steady");
        // The kernel takes the connection; nobody ever answers.
        let hanging = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = hanging.local_addr().expect("its address").port();
        let environment = api.project("Steady").await;
        let service = api.app(&environment, "steady", &url, 8080).await;
        api.domain(&service, HOST).await;
        let world = Self {
            longshore,
            api,
            service,
            url,
            hanging_url: format!("http://127.0.0.1:{port}/steady"),
            _repository: repository,
            _git: git,
            _hanging: hanging,
        };
        world.configure(&json!({})).await;
        world.api.deploy_live(&world.service).await;
        longshore.shows(HOST, "steady").await;
        world
    }

    /// Sets the good settings, with these changes.
    async fn configure(&self, changes: &Value) {
        let mut patch = json!({
            "source": { "git": { "url": self.url, "branch": "main" } },
            "build": { "dockerfile": { "path": "Dockerfile", "context": "." } },
            "port": 8080,
            "run": { "drain_seconds": 0 },
        });
        for (field, value) in changes.as_object().expect("an object") {
            patch[field] = value.clone();
        }
        let path = format!("/services/{}", self.service);
        self.api.patch(&path, patch).await.expect(200);
    }

    async fn request(&self) -> String {
        let path = format!("/services/{}/deployments", self.service);
        id_of(&self.api.post(&path, json!({})).await.expect(202))
    }

    async fn status(&self, deployment: &str) -> String {
        let path = format!("/deployments/{deployment}");
        let found = self.api.get(&path).await.expect(200);
        found["status"].as_str().unwrap_or_default().to_owned()
    }

    async fn log(&self, deployment: &str) -> String {
        self.api
            .text(&format!("/deployments/{deployment}/log"))
            .await
    }

    /// Cancels, and measures until the deployment has ended.
    async fn cancel(&self, deployment: &str) -> (String, Duration) {
        let begun = Instant::now();
        let path = format!("/deployments/{deployment}/cancel");
        let answer = self.api.post(&path, json!({})).await;
        assert!(answer.status.is_success(), "{answer:?}");
        let end = wait::closely(LOOK, Duration::from_mins(1), || async {
            let status = self.status(deployment).await;
            matches!(status.as_str(), "cancelled" | "live" | "failed")
                .then(|| (status, begun.elapsed()))
        });
        match end.await {
            Some(end) => end,
            None => panic!("no end:\n{}", self.log(deployment).await),
        }
    }

    async fn ends_live(&self, deployment: &str) -> String {
        wait::until("the next one", Duration::from_mins(1), || async {
            let status = self.status(deployment).await;
            matches!(status.as_str(), "live" | "failed" | "cancelled").then_some(status)
        })
        .await
    }

    /// Measures until nothing of a deployment is left.
    async fn gone(&self, deployment: &str) -> Duration {
        let begun = Instant::now();
        let gone = wait::within(GONE, || async {
            let left = self.left_of(deployment);
            left.is_empty().then(|| begun.elapsed())
        });
        match gone.await {
            Some(gone) => gone,
            None => panic!("left behind: {:?}", self.left_of(deployment)),
        }
    }

    fn left_of(&self, deployment: &str) -> Vec<String> {
        let label = format!(
            "label={}.deployment={deployment}",
            self.longshore.instance()
        );
        let mut left = Vec::new();
        for list in [&["ps", "--all"][..], &["service", "ls"]] {
            let output = Command::new("docker")
                .args(list)
                .args(["--quiet", "--filter", &label])
                .output()
                .expect("docker");
            let found = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            if !found.is_empty() {
                left.push(format!("{list:?}: {found}"));
            }
        }
        let data = self.longshore.folder().join("data/agent");
        left.extend(files_of(&data, deployment));
        left.extend(sleepers());
        left
    }

    async fn cancel_queued(&self) -> Row {
        self.configure(&json!({ "build": { "dockerfile": { "path": "Slow", "context": "." } } }))
            .await;
        let working = self.request().await;
        self.reaches(&working, "building", "busy building").await;
        self.configure(&json!({})).await;
        let waiting = self.request().await;
        assert_eq!(self.status(&waiting).await, "queued");
        let (status, ended) = self.cancel(&waiting).await;
        assert_eq!(status, "cancelled");
        assert_eq!(self.status(&working).await, "building", "the other goes on");
        let next = self.request().await;
        self.cancel(&working).await;
        Row {
            stage: "queued",
            status,
            ended,
            gone: self.gone(&waiting).await,
            next: self.ends_live(&next).await,
        }
    }

    async fn reaches(&self, deployment: &str, stage: &str, words: &str) {
        let limit = Duration::from_mins(1);
        wait::until(stage, limit, || async {
            let status = self.status(deployment).await;
            assert!(
                !matches!(status.as_str(), "failed" | "live" | "cancelled"),
                "{status} instead of {stage}:\n{}",
                self.log(deployment).await
            );
            let is_there = status == stage && self.log(deployment).await.contains(words);
            is_there.then_some(())
        })
        .await;
        if stage == "starting" {
            wait::until("its container", limit, || async {
                (!sleepers().is_empty()).then_some(())
            })
            .await;
        }
    }

    async fn cancel_in(&self, stage: &Stage) -> Row {
        self.configure(&stage.change).await;
        let deployment = self.request().await;
        self.reaches(&deployment, stage.name, stage.reached).await;
        self.configure(&json!({})).await;
        let next = self.request().await;
        let (status, ended) = self.cancel(&deployment).await;
        assert_eq!(status, "cancelled", "{}", self.log(&deployment).await);
        let gone = self.gone(&deployment).await;
        let next = self.ends_live(&next).await;
        assert_eq!(next, "live", "after {}", stage.name);
        Row {
            stage: stage.name,
            status,
            ended,
            gone,
            next,
        }
    }

    /// The switch is short; whoever comes too late finds the new version live.
    async fn cancel_switching(&self) -> Row {
        self.configure(&json!({})).await;
        let deployment = self.request().await;
        loop {
            let status = self.status(&deployment).await;
            if matches!(status.as_str(), "switching" | "live") {
                break;
            }
            assert_ne!(status, "failed", "{}", self.log(&deployment).await);
        }
        let path = format!("/deployments/{deployment}/cancel");
        let begun = Instant::now();
        let answer = self.api.post(&path, json!({})).await;
        assert!(
            matches!(answer.status.as_u16(), 200..=299 | 409 | 422),
            "{answer:?}"
        );
        let status = self.ends_live(&deployment).await;
        let ended = begun.elapsed();
        let gone = match status.as_str() {
            "cancelled" => self.gone(&deployment).await,
            _ => Duration::ZERO,
        };
        let next = self.request().await;
        let next = self.ends_live(&next).await;
        assert_eq!(next, "live");
        Row {
            stage: "switching",
            status,
            ended,
            gone,
            next,
        }
    }
}

/// Work trees of a deployment.
fn files_of(folder: &std::path::Path, deployment: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_journal = path.parent().is_some_and(|parent| parent.ends_with("jobs"));
        if !is_journal && entry.file_name().to_string_lossy().contains(deployment) {
            found.push(path.display().to_string());
        } else if path.is_dir() && !is_journal && !path.ends_with("mirrors") {
            found.extend(files_of(&path, deployment));
        }
    }
    found
}

/// Processes of a stage that hangs.
fn sleepers() -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains("sleep") && command.contains(NAP) {
            found.push(command);
        }
    }
    found
}
