use std::fs;
use std::process::Command;

use longshore_testkit::engine::daemon::{self, Killed};

use super::site::Site;

/// A dockerd with other settings, until this is dropped.
struct Settings {
    before: String,
}

impl Settings {
    fn of(text: &str) -> Self {
        let killed = daemon::kill();
        let before = fs::read_to_string(killed.settings()).unwrap();
        Self::start(killed, text);
        Self { before }
    }

    fn start(killed: Killed, text: &str) {
        fs::write(killed.settings(), text).unwrap();
        killed.start_again();
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        Self::start(daemon::kill(), &self.before);
    }
}

#[tokio::test]
async fn a_docker_that_keeps_containers_over_its_restart_is_refused_in_words() {
    let site = Site::new(&[]).await;
    let left = Command::new("docker")
        .args(["swarm", "leave", "--force"])
        .output();
    assert!(left.unwrap().status.success());
    let _settings = Settings::of("{\"live-restore\": true}\n");
    let refusal = site.engine.prepare().await.unwrap_err().to_string();
    assert!(
        refusal.contains("Remove live-restore from /etc/docker/daemon.json"),
        "{refusal}"
    );
}
