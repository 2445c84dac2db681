//! Every part is killed in every stage of a deployment, and each time the deployment comes to a
//! true end by itself and leaves nothing behind.
//!
//! `cargo xtask chaos` runs the whole table; a usual run takes one stage for each part.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::apps;
use longshore_e2e::faults::{Part, docker};
use longshore_e2e::longshore::Longshore;
use longshore_e2e::visits::Visits;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::{sample, wait};
use serde_json::{Value, json};

const HOST: &str = "faults.example.test";

/// The promise: within a minute after the killed part is back; Docker has to settle first.
const END_LIMIT: Duration = Duration::from_secs(60);
const SETTLE_LIMIT: Duration = Duration::from_mins(2);

/// Between two looks at the stage.
const LOOK: Duration = Duration::from_millis(5);

/// Stages in which parts are killed, in the order of a deployment.
const STAGES: [&str; 7] = [
    "queued",
    "fetching",
    "building",
    "releasing",
    "starting",
    "verifying",
    "switching",
];

const PARTS: [Part; 5] = [
    Part::Server,
    Part::Agent,
    Part::Database,
    Part::Proxy,
    Part::Docker,
];

/// In how many stages a usual run kills each part.
const USUAL_STAGES: usize = 1;

struct World {
    longshore: Longshore,
    api: Api,
    app: Repository,
    service: String,
    version: usize,
    _git: GitHttp,
}

/// What came of one cell.
struct Cell {
    seen: String,
    status: String,
    failure: String,
    end: Duration,
    good: usize,
    bad: usize,
    faults: Vec<String>,
}

impl World {
    /// An app whose stages last long enough to be hit, live.
    async fn new() -> Self {
        let longshore = Longshore::start_alone().await;
        let api = longshore.api();
        let app = Repository::new("faults")
            .file(
                "Dockerfile",
                "FROM busybox:latest\nCOPY version /version\n\
                 RUN for line in 1 2 3 4 5 6; do echo line $line; sleep 0.5; done\n\
                 COPY start /start\nCMD [\"sh\", \"/start\"]\n",
            )
            .file(
                "start",
                "mkdir -p /www\ncat /version >/www/index.html\nsleep 2\n\
                 exec httpd -f -p 8080 -h /www\n",
            )
            .file("version", "version 0.");
        app.commit("Version 0");
        let git = GitHttp::start(app.root()).await;
        let environment = api.project("Faults").await;
        let service = api
            .app(&environment, "faults", &git.url("faults"), apps::PORT)
            .await;
        let run = json!({ "run": {
            "release_command": ["sh", "-c", "echo release begins; sleep 2; echo release ends"],
            "drain_seconds": 2,
            "stop_grace_seconds": 1,
        } });
        api.patch(&format!("/services/{service}"), run)
            .await
            .expect(200);
        api.domain(&service, HOST).await;
        api.deploy_live(&service).await;
        longshore.shows(HOST, "version 0.").await;
        Self {
            longshore,
            api,
            app,
            service,
            version: 0,
            _git: git,
        }
    }

    /// Kills a part in a stage of a new deployment and sees what comes of it.
    async fn cell(&mut self, part: Part, stage: &str) -> Cell {
        let before = format!("version {}.", self.version);
        self.version += 1;
        let version = format!("version {}.", self.version);
        apps::release(&self.app, &version);
        let visits = Visits::start(self.longshore.http_port(), HOST);
        let path = format!("/services/{}/deployments", self.service);
        let deployment = id_of(&self.api.post(&path, json!({})).await.expect(202));
        let path = format!("/deployments/{deployment}");
        let seen = self.when_in(&path, stage).await;
        part.kill(&self.longshore);
        let killed = Instant::now();
        let limit = match part {
            Part::Docker => SETTLE_LIMIT,
            _ => END_LIMIT,
        };
        let ended = self.end(&path, limit).await;
        let end = killed.elapsed();
        let mut faults = Vec::new();
        let status = ended["status"].as_str().unwrap_or("none").to_owned();
        let is_live = status == "live";
        // Only what dies with Docker may make a deployment fail.
        if !(is_live || part == Part::Docker && status == "failed") {
            faults.push(format!("it ended {status}: {}", ended["failure"]));
        }
        let served = if is_live { &version } else { &before };
        if !self.comes_to_show(served).await {
            faults.push(format!("{served:?} is not served"));
        }
        if !is_live {
            self.version -= 1;
            apps::release(&self.app, &before);
        }
        if let Some(rest) = self.rest().await {
            faults.push(rest);
        }
        let visited = visits.finish();
        if matches!(part, Part::Server | Part::Agent | Part::Database) && !visited.bad.is_empty() {
            faults.push(format!("requests failed: {:?}", visited.bad.first()));
        }
        let log = self.api.text(&format!("{path}/log")).await;
        for once in ["release begins", "release ends"] {
            let count = log.matches(once).count();
            if is_live && count != 1 && part != Part::Docker {
                faults.push(format!("{once:?} stands {count} times in the log"));
            }
        }
        Cell {
            seen,
            status,
            failure: ended["failure"]["kind"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            end,
            good: visited.good,
            bad: visited.bad.len(),
            faults,
        }
    }

    /// Waits for a stage, or for a later one when it passed too fast; gives the one seen.
    async fn when_in(&self, path: &str, stage: &str) -> String {
        let wanted = STAGES.iter().position(|name| *name == stage);
        let reached = wait::closely(LOOK, SETTLE_LIMIT, || async {
            let now = self.api.get(path).await.expect(200);
            let status = now["status"].as_str().unwrap_or_default().to_owned();
            let reached = STAGES.iter().position(|name| *name == status);
            (reached >= wanted || reached.is_none()).then_some(status)
        });
        reached.await.expect("a stage that is reached")
    }

    /// The deployment when it has ended, or as it stands when the limit has passed.
    async fn end(&self, path: &str, limit: Duration) -> Value {
        match self.api.end_within(limit, path).await {
            Some(ended) => ended,
            None => self.api.try_get(path).await.unwrap_or_default(),
        }
    }

    async fn comes_to_show(&self, text: &str) -> bool {
        let shown = wait::within(END_LIMIT, || async {
            let (_, page) = self.longshore.visit(HOST, "/").await;
            page.contains(text).then_some(())
        });
        shown.await.is_some()
    }

    /// What is left beside the live version when there has been time to clear up.
    async fn rest(&self) -> Option<String> {
        let gone = wait::within(END_LIMIT, || async {
            self.things().is_empty().then_some(())
        });
        match gone.await {
            Some(()) => None,
            None => Some(self.things()),
        }
    }

    fn things(&self) -> String {
        let mut found = String::new();
        let owned = format!("label={}.owned", self.longshore.instance());
        let services = docker(&["service", "ls", "--quiet", "--filter", &owned]);
        if services.lines().count() != 1 {
            let _ = write!(found, "{} Swarm services; ", services.lines().count());
        }
        let releases = format!("label={}.role=release", self.longshore.instance());
        let releases = docker(&["ps", "--all", "--quiet", "--filter", &releases]);
        if !releases.is_empty() {
            found.push_str("a release command's container; ");
        }
        let containers = docker(&["ps", "--quiet", "--filter", &owned]);
        // The version and the proxy.
        if containers.lines().count() != 2 {
            let _ = write!(found, "{} containers; ", containers.lines().count());
        }
        let agent = self.longshore.folder().join("data/agent");
        let left = fs::read_dir(agent.join("work")).map_or(0, Iterator::count);
        if left != 0 {
            let _ = write!(found, "{left} work trees; ");
        }
        let routes = fs::read_dir(agent.join("edge/dynamic")).map_or(0, |entries| {
            entries
                .flatten()
                .filter(|entry| entry.file_name() != "canary.yml")
                .count()
        });
        if routes != 1 {
            let _ = write!(found, "{routes} route files; ");
        }
        found
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_a_deployment_comes_to_a_true_end() {
    let cells = PARTS.into_iter().flat_map(|part| {
        let name = format!("{part:?} killed");
        let stages = sample::of(&name, STAGES.to_vec(), USUAL_STAGES);
        stages.into_iter().map(move |stage| (part, stage))
    });
    let mut world = World::new().await;
    let mut table = format!(
        "{:<9} {:<10} {:<10} {:<8} {:>7} {:>9} {:>7}\n",
        "killed", "wanted", "in fact", "end", "seconds", "answered", "failed"
    );
    let mut faults = Vec::new();
    for (part, stage) in cells {
        let cell = world.cell(part, stage).await;
        let line = format!(
            "{:<9} {stage:<10} {:<10} {:<8} {:>7.1} {:>9} {:>7} {} {}",
            format!("{part:?}"),
            cell.seen,
            cell.status,
            cell.end.as_secs_f64(),
            cell.good,
            cell.bad,
            cell.failure,
            cell.faults.join("; "),
        );
        eprintln!("{line}");
        let _ = writeln!(table, "{line}");
        faults.extend(
            cell.faults
                .iter()
                .map(|fault| format!("{part:?} in {stage}: {fault}")),
        );
        wait::until("a quiet Longshore", SETTLE_LIMIT, || async {
            let answer = reqwest::get(format!("{}/readyz", world.longshore.url()))
                .await
                .ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }
    eprintln!("\n{table}");
    assert!(faults.is_empty(), "{faults:#?}");
}
