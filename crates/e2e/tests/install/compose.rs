//! `Dockerfile` and `docker-compose.yml` with the real docker-compose: the same parts in containers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use longshore_e2e::api::Api;
use longshore_e2e::apps;
use longshore_testkit::engine::{Run, buildkit};
use longshore_testkit::git::GitHttp;
use longshore_testkit::{ports, programs, wait};
use serde_json::json;
use tempfile::TempDir;

const HOST: &str = "greeter.example.test";

/// A project of docker-compose; down, with all it made, when dropped.
struct Project {
    folder: TempDir,
    dashboard: u16,
    http: u16,
    https: u16,
    run: Run,
}

impl Project {
    /// The two files, this build's programs, and images made of them.
    fn new() -> Self {
        let mut run = Run::start();
        run.also_removes(format!("{}.owned", run.name()));
        let project = Self {
            folder: tempfile::tempdir().expect("a folder"),
            dashboard: ports::free(),
            http: ports::free(),
            https: ports::free(),
            run,
        };
        let root = PathBuf::from("../..");
        let ready = project.folder().join("target/programs");
        fs::create_dir_all(&ready).expect("a folder");
        for name in ["longshore", "longshore-agent"] {
            fs::copy(programs::path(name), ready.join(name)).expect("a program");
        }
        for name in ["Dockerfile", "docker-compose.yml"] {
            fs::copy(root.join(name), project.folder().join(name)).expect("a file");
        }
        for part in ["server", "agent"] {
            let built = buildkit(&["build", "--quiet", "--target", part])
                .args(["--build-arg", "BASE_IMAGE=debian:bookworm-slim"])
                .args(["--build-arg", "PROGRAMS=ready"])
                .args(["--tag", &project.image(part), "."])
                .current_dir(project.folder())
                .output()
                .expect("docker");
            assert!(built.status.success(), "{}", text(&built));
        }
        project
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn image(&self, part: &str) -> String {
        format!("{}/{part}", self.run.name())
    }

    fn compose(&self, arguments: &[&str]) -> Output {
        let program = std::env::var_os("LONGSHORE_TEST_COMPOSE");
        Command::new(program.expect("docker-compose: run this with `cargo xtask test`"))
            .args(["--project-name", self.run.name()])
            .args(arguments)
            .current_dir(self.folder())
            .env("POSTGRES_PASSWORD", "a-password-of-this-test")
            .env("POSTGRES_IMAGE", "postgres:15")
            .env("LONGSHORE_SERVER_IMAGE", self.image("server"))
            .env("LONGSHORE_AGENT_IMAGE", self.image("agent"))
            .env("LONGSHORE_TRAEFIK_IMAGE", "longshore/traefik:v3.7")
            .env("LONGSHORE_INSTANCE", self.run.name())
            .env("LONGSHORE_DATA_DIR", self.folder().join("data"))
            .env("LONGSHORE_DASHBOARD_PORT", self.dashboard.to_string())
            .env("LONGSHORE_PROXY_HTTP_PORT", self.http.to_string())
            .env("LONGSHORE_PROXY_HTTPS_PORT", self.https.to_string())
            .stdin(Stdio::null())
            .output()
            .expect("docker-compose")
    }

    /// Runs it, and fails unless it succeeds; gives what it printed on stdout.
    fn must(&self, arguments: &[&str]) -> String {
        let output = self.compose(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    async fn shows(&self, expected: &str) {
        let client = reqwest::Client::new();
        let url = format!("http://127.0.0.1:{}/", self.http);
        wait::until(expected, Duration::from_secs(30), || async {
            let answer = client.get(&url).header("host", HOST).send().await.ok()?;
            let page = answer.text().await.ok()?;
            page.contains(expected).then_some(())
        })
        .await;
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", text(&self.compose(&["logs", "--tail", "50"])));
        }
        self.compose(&["down", "--volumes", "--timeout", "5"]);
        for part in ["server", "agent"] {
            let _ = Command::new("docker")
                .args(["image", "rm", "--force", &self.image(part)])
                .output();
        }
    }
}

fn text(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn the_compose_project_deploys_and_what_it_deployed_outlives_it() {
    let project = Project::new();
    // Docker makes missing directories of bind mounts by itself; the agent's is one.
    project.must(&["up", "--detach", "--no-build", "--wait", "postgres"]);
    project.must(&["up", "--detach", "--no-build"]);
    let url = format!("http://127.0.0.1:{}", project.dashboard);
    wait::until("ready", Duration::from_mins(1), || async {
        let answer = reqwest::get(format!("{url}/readyz")).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;

    // The server is nobody in particular, and Docker's socket is not there.
    assert_eq!(
        project.must(&["exec", "-T", "server", "id", "-un"]),
        "longshore"
    );
    let socket = project.compose(&["exec", "-T", "server", "ls", "/var/run/docker.sock"]);
    assert!(!socket.status.success(), "{}", text(&socket));

    let longshore = |arguments: &[&str]| {
        project.must(&[&["exec", "-T", "server", "longshore"], arguments].concat())
    };
    longshore(&["user", "create", "--email", "ada@example.org"]);
    let token = longshore(&[
        "token",
        "create",
        "--email",
        "ada@example.org",
        "--name",
        "test",
    ]);
    let api = Api::new(&url, token.lines().last().expect("the token"));
    let greeter = apps::greeter("one");
    let git = GitHttp::start(greeter.root()).await;
    let environment = api.project("In containers").await;
    let service = api
        .app(&environment, "greeter", &git.url("greeter"), apps::PORT)
        .await;
    let variables = json!({ "variables": { "GREETING": "good morning" } });
    let path = format!("/services/{service}/variables");
    api.put(&path, variables).await.expect(200);
    api.domain(&service, HOST).await;
    api.deploy_live(&service).await;
    project.shows("greeter one says good morning").await;

    project.must(&["down", "--timeout", "5"]);
    project.shows("greeter one says good morning").await;
}
