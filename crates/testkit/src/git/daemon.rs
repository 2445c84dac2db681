//! Git over its own protocol, `git://`.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::ports;

/// A running `git daemon`; it stops when dropped.
pub struct GitDaemon {
    port: u16,
    daemon: Child,
}

impl GitDaemon {
    /// Serves every repository below a folder.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(root: &Path) -> Self {
        let programs = Command::new("git")
            .arg("--exec-path")
            .output()
            .expect("git");
        let programs = String::from_utf8_lossy(&programs.stdout).trim().to_owned();
        let port = ports::free();
        let daemon = Command::new(Path::new(&programs).join("git-daemon"))
            .args(["--export-all", "--reuseaddr", "--listen=127.0.0.1"])
            .arg(format!("--port={port}"))
            .arg(format!("--base-path={}", root.display()))
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("git daemon");
        ports::listening(port).await;
        Self { port, daemon }
    }

    /// The URL of a repository.
    pub fn url(&self, name: &str) -> String {
        format!("git://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for GitDaemon {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
