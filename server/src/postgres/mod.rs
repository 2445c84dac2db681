//! The embedded PostgreSQL: a private cluster of the machine's own PostgreSQL programs.
//!
//! It listens on a Unix socket alone, runs as its own user, and knows two roles: `longshore`, which
//! owns the one database, and the superuser that made the cluster. Both are told apart by the
//! system user who connects, so there are no passwords. Start reading at [`Cluster::prepare`].

mod binaries;
mod cluster;
mod initialise;
mod lock_file;

pub use binaries::Binaries;
pub use cluster::Cluster;

use std::io;
use std::path::PathBuf;

/// Why the embedded database cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No PostgreSQL programs on this machine.
    #[error(
        "PostgreSQL's programs initdb and postgres are missing (looked in {searched}): \
         install the package postgresql, name their directory in LONGSHORE_POSTGRES_BIN_DIR, \
         or set DATABASE_URL to use a PostgreSQL server of your own"
    )]
    NoBinaries {
        /// Where they were looked for.
        searched: String,
    },
    /// Only other major versions than the cluster's are there.
    #[error(
        "the database in {} was made by PostgreSQL {cluster}, but this machine has only {found}: \
         install the package postgresql-{cluster}, or convert the directory with pg_upgrade",
        directory.display()
    )]
    OtherVersion {
        /// The cluster.
        directory: PathBuf,
        /// Its major version.
        cluster: u32,
        /// The major versions found.
        found: String,
    },
    /// A program ran and failed.
    #[error("{program} failed with {status}: {output}")]
    Failed {
        /// Its path.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of its output.
        output: String,
    },
    /// Another PostgreSQL that we did not start uses the cluster.
    #[error("process {pid} already serves {}; end it first", directory.display())]
    InUse {
        /// The process.
        pid: u32,
        /// The cluster.
        directory: PathBuf,
    },
    /// A file or a program could not be used.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl PostgresError {
    fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
