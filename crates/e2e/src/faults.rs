//! Killing the parts of a Longshore as crashes do.

use std::fs;
use std::process::Command;

use longshore_testkit::engine::daemon;

use crate::longshore::Longshore;

/// A part that may die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `longshore serve`.
    Server,
    /// `longshore-agent`.
    Agent,
    /// Longshore's own PostgreSQL.
    Database,
    /// The proxy's container.
    Proxy,
    /// dockerd, with everything that it serves.
    Docker,
}

impl Part {
    /// Kills it with SIGKILL. The supervisor, or the agent, starts it again; dockerd is started
    /// again here.
    pub fn kill(self, longshore: &Longshore) {
        let folder = longshore.folder().to_string_lossy().into_owned();
        match self {
            Self::Server => kill_process(&format!("{folder}/bin/longshore serve")),
            Self::Agent => kill_process(&format!("{folder}/bin/longshore-agent")),
            Self::Database => {
                let cluster = format!("-D {folder}/data");
                kill_where(|line| line.contains("postgres ") && line.contains(&cluster));
            }
            Self::Proxy => {
                let name = format!("{}-proxy", longshore.instance());
                let id = docker(&["inspect", "--format", "{{.State.Pid}}", &name]);
                let killed = Command::new("kill").args(["-KILL", id.trim()]).status();
                assert!(killed.expect("kill").success(), "the proxy is not there");
            }
            Self::Docker => daemon::kill().start_again(),
        }
    }
}

/// Runs Docker's command line and gives what it printed, without space around it.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output();
    let printed = String::from_utf8_lossy(&output.expect("docker").stdout).into_owned();
    printed.trim().to_owned()
}

fn kill_process(start: &str) {
    kill_where(|line| line.starts_with(start));
}

/// Kills the one process with such a command line.
fn kill_where(is_it: impl Fn(&str) -> bool) {
    let mut killed = 0;
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if is_it(&line) {
            let pid = entry.file_name().to_string_lossy().into_owned();
            let done = Command::new("kill").args(["-KILL", &pid]).status();
            assert!(done.expect("kill").success());
            killed += 1;
        }
    }
    assert_eq!(killed, 1, "processes that were killed");
}
