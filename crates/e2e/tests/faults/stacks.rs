//! The agent is killed while a stack is deployed: in a build, while what runs once runs, and while
//! the new version starts. Each deployment comes to a true end by itself, what runs once has run
//! once, and nothing is left behind.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use longshore_e2e::api::{Api, id_of};
use longshore_e2e::faults::{Part, docker};
use longshore_e2e::longshore::Longshore;
use longshore_e2e::visits::Visits;
use longshore_testkit::git::{GitHttp, Repository};
use longshore_testkit::{sample, wait};
use serde_json::{Value, json};

const HOST: &str = "shop.example.test";
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a usual run kills the agent; `cargo xtask chaos` does it at all moments.
const USUAL_KILLS: usize = 2;

/// Each of its stages lasts long enough to be hit.
const COMPOSE: &str = r#"
services:
  web:
    build: .
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"]
      interval: 1s
      retries: 10
      start_period: 20s
    depends_on:
      setup: {condition: service_completed_successfully}
      cache: {condition: service_healthy}
    configs: [{source: motd, target: /etc/motd}]
    stop_grace_period: 1s
    restart: ${RESTART:-always}
  setup:
    image: busybox
    command: [sh, -c, "echo set-up begins; sleep 3; echo set-up ends"]
  cache:
    image: redis:7
    command: redis-server --appendonly yes
    volumes: ["cache:/data"]
    healthcheck: {test: [CMD, redis-cli, ping], interval: 1s, retries: 30}
configs:
  motd: {content: "motd of ${VERSION:-none}"}
volumes:
  cache:
"#;

const DOCKERFILE: &str = "FROM busybox:latest\nCOPY version /version\n\
    RUN for line in 1 2 3 4 5 6; do echo line $line; sleep 0.5; done\n\
    COPY start /start\nCMD [\"sh\", \"/start\"]\n";

const START: &str = "mkdir -p /www\ncat /version >/www/index.html\nsleep 3\n\
    test ! -e /broken || exit 7\nexec httpd -f -p 8080 -h /www\n";

struct World {
    longshore: Longshore,
    api: Api,
    repository: Repository,
    stack: String,
    _git: GitHttp,
}

impl World {
    async fn new() -> Self {
        let longshore = Longshore::start().await;
        let api = longshore.api();
        let repository = Repository::new("shop")
            .file("docker-compose.yml", COMPOSE)
            .file("Dockerfile", DOCKERFILE)
            .file("start", START)
            .file("version", "version 0.");
        repository.commit("Version 0");
        let git = GitHttp::start(repository.root()).await;
        let environment = api.project("Shop").await;
        let path = format!("/environments/{environment}/stacks");
        let source = json!({ "git": { "url": git.url("shop"), "branch": "main" } });
        let body = json!({ "name": "shop", "source": source,
            "compose_path": "docker-compose.yml" });
        let stack = id_of(&api.post(&path, body).await.expect(201));
        let domain = json!({ "host": HOST, "tls": "none", "component": "web", "port": 8080 });
        let path = format!("/services/{stack}/domains");
        api.post(&path, domain).await.expect(201);
        let world = Self {
            longshore,
            api,
            repository,
            stack,
            _git: git,
        };
        world
            .api
            .variables(&world.stack, json!({ "VERSION": "0" }))
            .await;
        world.api.deploy_live(&world.stack).await;
        world.longshore.shows(HOST, "version 0.").await;
        world
    }

    /// Asks for the deployment of what is committed; gives its path.
    async fn deploy(&self, version: usize) -> String {
        let variables = json!({ "VERSION": version.to_string() });
        self.deploy_with(variables).await
    }

    async fn deploy_with(&self, variables: Value) -> String {
        self.api.variables(&self.stack, variables).await;
        let path = format!("/services/{}/deployments", self.stack);
        let deployment = id_of(&self.api.post(&path, json!({})).await.expect(202));
        format!("/deployments/{deployment}")
    }

    async fn log(&self, deployment: &str) -> String {
        let log = self.api.try_text(&format!("{deployment}/log")).await;
        log.unwrap_or_default()
    }

    /// Waits until a deployment's status is that and its log has these words.
    async fn reaches(&self, deployment: &str, status: &str, words: &str) {
        wait::until(status, PATIENCE, || async {
            let now = self.api.get(deployment).await.expect(200);
            assert!(now["ended_at"].is_null(), "too late: {now:#}");
            let is_there = now["status"] == status;
            (is_there && self.log(deployment).await.contains(words)).then_some(())
        })
        .await;
    }

    async fn end(&self, deployment: &str) -> Value {
        match self.api.end_within(PATIENCE, deployment).await {
            Some(ended) => ended,
            None => panic!("no end:\n{}", self.log(deployment).await),
        }
    }

    /// What a version shows: its steps are in no build cache of an earlier run.
    fn text(&self, version: usize) -> String {
        format!("version {version} of {}.", self.longshore.instance())
    }

    /// The containers with such a name.
    fn containers(&self, name: &str) -> String {
        let owned = format!("label={}.owned", self.longshore.instance());
        let name = format!("name={name}");
        docker(&["ps", "-q", "--filter", &owned, "--filter", &name])
    }

    /// How many of each kind of thing there are.
    fn things(&self) -> String {
        let owned = format!("label={}.owned", self.longshore.instance());
        let mut found = String::new();
        for list in [
            &["service", "ls"][..],
            &["ps", "--all"],
            &["network", "ls"],
            &["volume", "ls"],
            &["secret", "ls"],
            &["config", "ls"],
        ] {
            let listed = docker(&[list, &["--quiet", "--filter", &owned]].concat());
            let _ = write!(found, "{} {}; ", listed.lines().count(), list[0]);
        }
        let agent = self.longshore.folder().join("data/agent");
        for directory in ["work", "edge/dynamic"] {
            let left = fs::read_dir(agent.join(directory)).map_or(0, Iterator::count);
            let _ = write!(found, "{left} {directory}; ");
        }
        found
    }

    async fn has_things(&self, expected: &str) {
        let same = wait::within(PATIENCE, || async {
            (self.things() == expected).then_some(())
        });
        let same = same.await.is_some();
        assert!(same, "there are {}instead of {expected}", self.things());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_takes_a_stack_up_where_it_was() {
    let world = World::new().await;
    // What the first version left goes, too.
    wait::until("no work tree", PATIENCE, || async {
        world.things().contains("0 work;").then_some(())
    })
    .await;
    let things = world.things();
    eprintln!("{things}");

    let kills = [
        ("building", "line 2", ""),
        ("starting", "waits for setup to end", "-setup-"),
        ("starting", "set-up ends", ""),
    ];
    let kills = sample::of("agent killed in a stack", kills.to_vec(), USUAL_KILLS);
    for (version, (status, words, container)) in (1..).zip(kills) {
        let text = world.text(version);
        world.repository.write("version", &text);
        world.repository.commit(&text);
        let visits = Visits::start(world.longshore.http_port(), HOST);
        let deployment = world.deploy(version).await;
        world.reaches(&deployment, status, words).await;
        wait::until(container, PATIENCE, || async {
            (container.is_empty() || !world.containers(container).is_empty()).then_some(())
        })
        .await;
        Part::Agent.kill(&world.longshore);
        let ended = world.end(&deployment).await;
        let log = world.log(&deployment).await;
        assert_eq!(ended["status"], "live", "{ended:#}\n{log}");
        world.longshore.shows(HOST, &text).await;
        for once in ["set-up begins", "set-up ends"] {
            let count = log.matches(once).count();
            assert_eq!(count, 1, "{once:?} in\n{log}");
        }
        let motd = |web: &str| docker(&["exec", web, "cat", "/etc/motd"]);
        let expected = format!("motd of {version}");
        let web = world.containers("-web-");
        assert!(web.lines().any(|web| motd(web) == expected));
        world.has_things(&things).await;
        let visited = visits.finish();
        assert_eq!(visited.bad, Vec::<String>::new(), "{words}");
        eprintln!(
            "killed in {status} at {words:?}: live, {} requests",
            visited.good
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_cannot_start_fails_and_leaves_nothing_though_the_agent_was_killed() {
    let world = World::new().await;
    wait::until("no work tree", PATIENCE, || async {
        world.things().contains("0 work;").then_some(())
    })
    .await;
    let things = world.things();
    world.repository.write("version", &world.text(1));
    let broken = DOCKERFILE.replace("COPY start", "RUN touch /broken\nCOPY start");
    world.repository.write("Dockerfile", &broken);
    world.repository.commit("It cannot start");
    let variables = json!({ "VERSION": "1", "RESTART": "no" });
    let deployment = world.deploy_with(variables).await;
    world.reaches(&deployment, "starting", "set-up ends").await;
    Part::Agent.kill(&world.longshore);
    let ended = world.end(&deployment).await;
    assert_eq!(ended["status"], "failed", "{ended:#}");
    assert_eq!(ended["failure"]["stage"], "starting", "{ended:#}");
    let words = ended["failure"]["message"].as_str().expect("a sentence");
    assert!(words.starts_with("web: "), "{words}");
    world.has_things(&things).await;
    world.longshore.shows(HOST, "version 0.").await;

    // And the next one goes live.
    world.repository.write("version", "version 2.");
    world.repository.write("Dockerfile", DOCKERFILE);
    world.repository.commit("Version 2");
    let deployment = world.deploy(2).await;
    assert_eq!(world.end(&deployment).await["status"], "live");
    world.longshore.shows(HOST, "version 2.").await;
    world.has_things(&things).await;
}
