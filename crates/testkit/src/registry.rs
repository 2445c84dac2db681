//! A container registry on the loopback address, which Docker takes without TLS: Debian's
//! `docker-registry`, with an account.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::ports;

/// The user that the registry knows.
pub const USER: &str = "quay";
/// The user's password.
pub const PASSWORD: &str = "a registry password";
/// Its bcrypt hash, as `htpasswd -B` makes it.
const HASH: &str = "$2b$05$14EqirUOl8673V0SS30S9u9lpuR17qoUv7dblfKVEeExA7CA/444.";

/// A running registry; it and what was pushed to it go when it is dropped.
pub struct Registry {
    folder: TempDir,
    port: u16,
    process: Child,
}

impl Registry {
    /// Starts one that lets only [`USER`] in.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = ports::free();
        fs::write(folder.path().join("htpasswd"), format!("{USER}:{HASH}\n")).expect("a file");
        let account = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let client =
            serde_json::json!({ "auths": { format!("127.0.0.1:{port}"): { "auth": account } } });
        fs::write(folder.path().join("config.json"), client.to_string()).expect("a file");
        let process = serve(folder.path(), port, None);
        ports::listening(port).await;
        Self {
            folder,
            port,
            process,
        }
    }

    /// Its host, as images name it.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Starts it again: from now on it tells a URL of every push, with the token in its
    /// `Authorization`.
    pub async fn notify(&mut self, url: &str, token: &str) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.process = serve(self.folder.path(), self.port, Some((url, token)));
        ports::listening(self.port).await;
    }

    /// Makes an image of busybox with a command line for its shell, pushes it under a name
    /// such as `team/app:v1`, and takes it off the machine. Gives its whole reference.
    pub fn push(&self, name: &str, command: &str) -> String {
        let reference = format!("{}/{name}", self.host());
        let container = self.docker(&["create", "busybox:latest"]);
        let command = serde_json::json!(["sh", "-c", command]);
        let change = format!("CMD {command}");
        let label = format!("LABEL {}", self.label());
        let changes = ["--change", &change, "--change", &label];
        let commit = [&["commit"][..], &changes, &[container.trim(), &reference]].concat();
        self.docker(&commit);
        self.docker(&["rm", container.trim()]);
        self.docker(&["push", &reference]);
        self.docker(&["rmi", &reference]);
        reference
    }

    /// The label of its images, also of those that are built on them.
    fn label(&self) -> String {
        format!("dev.longshore.test-registry={}", self.port)
    }

    /// Runs Docker's command line with the registry's account.
    fn docker(&self, arguments: &[&str]) -> String {
        let output = Command::new("docker")
            .args(arguments)
            .env("DOCKER_CONFIG", self.folder.path())
            .output()
            .expect("docker");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {arguments:?}: {words}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn serve(folder: &Path, port: u16, notify: Option<(&str, &str)>) -> Child {
    let endpoints = notify.map(|(url, token)| {
        serde_json::json!([{
            "name": "longshore",
            "url": url,
            "headers": { "Authorization": [format!("Bearer {token}")] },
            "timeout": "2s",
            "threshold": 5,
            "backoff": "1s",
        }])
    });
    // YAML takes JSON as it is.
    let settings = serde_json::json!({
        "version": "0.1",
        "log": { "level": "warn" },
        "storage": { "filesystem": { "rootdirectory": folder.join("data") } },
        "http": { "addr": format!("127.0.0.1:{port}") },
        "auth": { "htpasswd": { "realm": "test", "path": folder.join("htpasswd") } },
        "notifications": { "endpoints": endpoints },
    });
    let file = folder.join("registry.yml");
    fs::write(&file, settings.to_string()).expect("a file");
    let log = fs::File::create(folder.join("log")).expect("a log");
    Command::new("/usr/bin/docker-registry")
        .arg("serve")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("the log"))
        .stderr(log)
        .spawn()
        .expect("docker-registry (Debian package docker-registry)")
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        crate::engine::remove(&self.label());
    }
}
