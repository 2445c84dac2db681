//! The same work by the bare commands: `git`, `docker build`, `docker service create`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use longshore_testkit::engine::{RUN_LABEL, Run, buildkit};

/// How often it is asked whether a service runs.
const POLL: Duration = Duration::from_millis(20);

/// How the source is fetched by hand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// `git fetch` in a clone that is kept.
    Update,
    /// `git clone --depth 1` each time.
    ShallowClone,
}

/// A service that is deployed by hand.
pub struct Bare {
    url: String,
    fetch: Fetch,
    run: Run,
    folder: tempfile::TempDir,
    number: usize,
}

impl Bare {
    /// A clone of the repository, and a network for the services.
    pub fn new(url: &str, fetch: Fetch) -> Self {
        let run = Run::start();
        let folder = tempfile::tempdir().expect("a folder");
        let bare = Self {
            url: url.to_owned(),
            fetch,
            run,
            folder,
            number: 0,
        };
        let clone = bare.clone();
        command("git", &["clone", "--quiet", url, &clone.to_string_lossy()]);
        command(
            "docker",
            &[
                "network",
                "create",
                "--driver=overlay",
                "--attachable",
                &bare.label(),
                bare.run.name(),
            ],
        );
        bare
    }

    /// Fetches, builds, creates a service and waits until its task runs; gives the time taken.
    pub fn deploy(&mut self) -> Duration {
        let start = Instant::now();
        let clone = self.clone();
        match self.fetch {
            Fetch::Update => {
                git(&clone, &["fetch", "--quiet", "origin", "main"]);
                git(&clone, &["checkout", "--quiet", "FETCH_HEAD"]);
            }
            Fetch::ShallowClone => {
                std::fs::remove_dir_all(&clone).expect("the clone before");
                let target = clone.to_string_lossy();
                let depth = ["clone", "--quiet", "--depth=1", &self.url, &target];
                command("git", &depth);
            }
        }
        self.number += 1;
        let image = self.image();
        let context = clone.to_string_lossy();
        command(
            "docker",
            &["build", "--quiet", &self.label(), "--tag", &image, &context],
        );
        self.serve(&image);
        start.elapsed()
    }

    /// Creates a service of the last image once more; gives the time taken.
    pub fn again(&mut self) -> Duration {
        let image = self.image();
        let start = Instant::now();
        self.number += 1;
        self.serve(&image);
        let took = start.elapsed();
        command("docker", &["tag", &image, &self.image()]);
        took
    }

    fn image(&self) -> String {
        format!("{}:{}", self.run.name(), self.number)
    }

    /// Creates a service of an image that is there, and waits until its task runs.
    fn serve(&self, image: &str) {
        let name = format!("{}-{}", self.run.name(), self.number);
        command(
            "docker",
            &[
                "service",
                "create",
                "--quiet",
                "--detach",
                "--no-resolve-image",
                "--endpoint-mode=dnsrr",
                &self.label(),
                "--network",
                self.run.name(),
                "--name",
                &name,
                image,
            ],
        );
        loop {
            let state = command(
                "docker",
                &["service", "ps", "--format", "{{.CurrentState}}", &name],
            );
            if state.starts_with("Running") {
                return;
            }
            std::thread::sleep(POLL);
        }
    }

    /// Removes the service before the last one.
    pub fn retire(&self) {
        if self.number > 1 {
            let name = format!("{}-{}", self.run.name(), self.number - 1);
            command("docker", &["service", "rm", &name]);
        }
    }

    fn clone(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    fn label(&self) -> String {
        format!("--label={RUN_LABEL}={}", self.run.name())
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let folder = folder.to_string_lossy();
    command("git", &[&["-C", &folder], arguments].concat());
}

/// Runs a program and gives what it printed.
fn command(program: &str, arguments: &[&str]) -> String {
    let mut command = match program {
        "docker" => buildkit(arguments),
        _ => {
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
    };
    let output = command.stdin(Stdio::null()).output().expect("the program");
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
