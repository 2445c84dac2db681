//! The test engine, as tests see it.
//!
//! Tests that need Docker run inside the sandbox of `cargo xtask test`, where `/var/run/docker.sock`
//! is an engine for tests alone. Elsewhere they fail: no test may touch the machine's own Docker.

pub mod daemon;

use std::process::Command;

use uuid::Uuid;

/// The label that every Docker object of a test carries, with the run's name as its value.
pub const RUN_LABEL: &str = "dev.longshore.test-run";

/// Fails the test unless it runs inside the test engine's sandbox.
///
/// # Panics
/// Outside of it.
pub fn require() {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    assert!(
        hostname.trim() == "longshore-test",
        "this test needs the test engine: run it with `cargo xtask test`, or with \
         `cargo xtask engine up` and `cargo xtask engine exec cargo test …`"
    );
}

/// A name for what one test makes, and the removal of all of it at the end.
///
/// The name is short and unique: it serves as the instance name of a Longshore under test, and as a
/// prefix of ports' and services' names.
pub struct Run {
    name: String,
    labels: Vec<String>,
}

impl Run {
    /// A new run; checks that the test engine is there.
    ///
    /// # Panics
    /// Outside of the test engine's sandbox.
    pub fn start() -> Self {
        require();
        let unique = Uuid::new_v4().simple().to_string();
        let name = format!("t{}", &unique[..8]);
        let labels = vec![format!("{RUN_LABEL}={name}")];
        Self { name, labels }
    }

    /// The run's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Also removes what carries this label, `key` or `key=value`.
    pub fn also_removes(&mut self, label: impl Into<String>) {
        self.labels.push(label.into());
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        for label in &self.labels {
            remove(label);
        }
    }
}

/// Removes every service, container, network, volume and image that carries a label. Services go
/// first and take their containers along; a network goes when its last container has.
pub fn remove(label: &str) {
    let filter = format!("label={label}");
    for (list, delete) in [
        (&["service", "ls"][..], &["service", "rm"][..]),
        (
            &["container", "ls", "--all"],
            &["container", "rm", "--force", "--volumes"],
        ),
        (&["network", "ls"], &["network", "rm"]),
        (&["volume", "ls"], &["volume", "rm", "--force"]),
        (&["image", "ls"], &["image", "rm", "--force"]),
    ] {
        // An overlay network stays in use for a moment after its last task.
        for _ in 0..100 {
            let found = docker(list, &["--quiet", "--filter", &filter]);
            let ids: Vec<&str> = found.split_whitespace().collect();
            if ids.is_empty() {
                break;
            }
            docker(delete, &ids);
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

/// `docker <arguments>` with a command line that can ask for BuildKit: newer ones need a plug-in
/// for it, the one of Debian's `docker.io` does not.
#[must_use]
pub fn buildkit(arguments: &[&str]) -> Command {
    let has_plugin = Command::new("docker").args(["buildx", "version"]).output();
    let has_plugin = has_plugin.is_ok_and(|output| output.status.success());
    let mut command = Command::new(if has_plugin {
        "docker"
    } else {
        "/usr/bin/docker"
    });
    command.env("DOCKER_BUILDKIT", "1").args(arguments);
    command
}

/// Runs Docker's command line and gives what it printed; failures are left to the next attempt.
fn docker(command: &[&str], arguments: &[&str]) -> String {
    Command::new("docker")
        .args(command)
        .args(arguments)
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}
