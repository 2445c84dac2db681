//! `postmaster.pid`: PostgreSQL's note of which process serves a cluster, and how far it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use super::PostgresError;
use crate::supervisor::pid_file::ProcessIdentity;

/// How long a server that we find running may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The line, counted from zero, that says how far the server is.
const STATUS_LINE: usize = 7;

/// A cluster's lock file.
pub(super) struct LockFile {
    path: PathBuf,
    cluster: PathBuf,
}

impl LockFile {
    pub(super) fn new(cluster: &Path) -> Self {
        Self {
            path: cluster.join("postmaster.pid"),
            cluster: cluster.to_owned(),
        }
    }

    /// Whether the server that runs as this process accepts connections.
    pub(super) fn says_ready(&self, pid: u32) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|text| is_ready(&text, pid))
    }

    /// Makes way for a new server: ends one that still serves the cluster, and removes a note
    /// whose process id has by now become somebody else's.
    ///
    /// A note whose process is dead stays: PostgreSQL reads from it whether processes of the dead
    /// server still use the shared memory, and does not start before they are gone.
    pub(super) async fn clear(&self) -> Result<(), PostgresError> {
        let Ok(text) = fs::read_to_string(&self.path) else {
            return Ok(());
        };
        let pid = text
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok());
        let Some(process) = pid.and_then(ProcessIdentity::of) else {
            return Ok(());
        };
        if self.serves_cluster(process.pid) {
            tracing::warn!(
                pid = process.pid,
                "ending a database server that nobody supervises"
            );
            let in_use = || PostgresError::InUse {
                pid: process.pid,
                directory: self.cluster.clone(),
            };
            process
                .end(Signal::INT, PATIENCE)
                .await
                .map_err(|_| in_use())?;
            return if process.is_alive() {
                Err(in_use())
            } else {
                Ok(())
            };
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(PostgresError::io("remove", &self.path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Whether the process is a PostgreSQL server of this very cluster, which is then its working
    /// directory.
    fn serves_cluster(&self, pid: u32) -> bool {
        let directory = fs::read_link(format!("/proc/{pid}/cwd"));
        let program = fs::read_link(format!("/proc/{pid}/exe"));
        let cluster = fs::canonicalize(&self.cluster);
        program.is_ok_and(|program| program.file_name().is_some_and(|name| name == "postgres"))
            && matches!((directory, cluster), (Ok(one), Ok(other)) if one == other)
    }
}

fn is_ready(text: &str, pid: u32) -> bool {
    let mut lines = text.lines();
    let first = lines
        .next()
        .and_then(|line| line.trim().parse::<u32>().ok());
    first == Some(pid)
        && lines
            .nth(STATUS_LINE - 1)
            .is_some_and(|line| line.trim() == "ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_of_our_own_server_counts() {
        let text = "42\n/data\n1700000000\n5432\n/run\n\n 1 2\nready   \n";
        assert!(is_ready(text, 42));
        assert!(!is_ready(text, 43));
        assert!(!is_ready(&text.replace("ready", "starting"), 42));
        assert!(!is_ready("42\n", 42));
    }
}
