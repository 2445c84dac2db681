//! The cluster: where it is, who may connect to it, and how it is started.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use super::binaries::{Binaries, Clustered};
use super::lock_file::LockFile;
use super::{PostgresError, initialise};
use crate::config::Config;
use crate::supervisor::accounts::{Account, Accounts};
use crate::supervisor::process::Program;

/// The role that owns Longshore's database, and the database's name.
pub(super) const ROLE: &str = "longshore";

/// The role that made the cluster.
pub(super) const SUPERUSER: &str = "longshore-db";

/// The name of the map from system users to roles.
const USER_MAP: &str = "longshore";

/// How often a starting database is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Settings of the server. The memory is a small machine's: the working set is a few megabytes.
const SETTINGS: [&str; 10] = [
    "listen_addresses=",
    "port=5432",
    "cluster_name=longshore",
    "shared_buffers=48MB",
    "max_connections=60",
    "jit=off",
    "log_checkpoints=off",
    "logging_collector=off",
    "log_destination=stderr",
    "log_line_prefix=%m [%p] %q%u@%d ",
];

/// The embedded database of one installation.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// The data directory.
    pub(super) directory: PathBuf,
    socket_dir: PathBuf,
    /// Directory of the two files that say who may connect; it belongs to us, not to the database.
    access_dir: PathBuf,
    pub(super) owner: Account,
    /// System users who may connect as the role `longshore`.
    clients: Vec<String>,
}

impl Cluster {
    /// The cluster of this configuration; nothing is made yet.
    pub fn new(config: &Config, accounts: &Accounts) -> Self {
        let mut clients = vec![accounts.server.name.clone(), accounts.own.name.clone()];
        clients.dedup();
        Self {
            directory: config.data_dir.join("postgres").join("cluster"),
            socket_dir: config.database_socket_dir(),
            access_dir: config.run_dir.clone(),
            owner: accounts.database.clone(),
            clients,
        }
    }

    /// The cluster's major version; `None` when it is not made yet.
    ///
    /// # Errors
    /// When its version file cannot be read.
    pub fn version(&self) -> Result<Option<Clustered>, PostgresError> {
        let file = self.directory.join("PG_VERSION");
        match fs::read_to_string(&file) {
            Ok(text) => Ok(text.trim().parse().ok().map(|major| Clustered {
                directory: self.directory.clone(),
                major,
            })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PostgresError::io("read", file)(error)),
        }
    }

    /// Makes the cluster if there is none, clears what a crash left, and says what to start.
    ///
    /// # Errors
    /// When the programs are missing, the cluster cannot be made, or somebody else serves it.
    pub async fn prepare(&self, bin_dir: Option<&Path>) -> Result<Program, PostgresError> {
        let version = self.version()?;
        let binaries = Binaries::find(bin_dir, version.clone())?;
        if version.is_none() {
            initialise::make(self, &binaries).await?;
        }
        self.lock_file().clear().await?;
        self.write_access_rules()?;
        let mut program = Program::new(binaries.postgres())
            .argument("-D")
            .argument(&self.directory);
        let paths = [
            ("unix_socket_directories", self.socket_dir.clone()),
            ("hba_file", self.hba_file()),
            ("ident_file", self.ident_file()),
        ];
        let settings = SETTINGS.map(str::to_owned).into_iter();
        for setting in
            settings.chain(paths.map(|(name, path)| format!("{name}={}", path.display())))
        {
            program = program.argument("-c").argument(setting);
        }
        Ok(program.run_as(&self.owner))
    }

    /// Waits until the server that runs as this process accepts connections.
    pub async fn ready(&self, pid: u32) {
        while !self.lock_file().says_ready(pid) {
            sleep(LOOK_EVERY).await;
        }
    }

    fn lock_file(&self) -> LockFile {
        LockFile::new(&self.directory)
    }

    fn hba_file(&self) -> PathBuf {
        self.access_dir.join("postgres.hba")
    }

    fn ident_file(&self) -> PathBuf {
        self.access_dir.join("postgres.ident")
    }

    /// Written at each start, because users may have changed.
    fn write_access_rules(&self) -> Result<(), PostgresError> {
        let rules = format!(
            "# Written by Longshore at each start.\n\
             local all \"{SUPERUSER}\" peer map={USER_MAP}\n\
             local \"{ROLE}\" \"{ROLE}\" peer map={USER_MAP}\n"
        );
        let mut map = format!(
            "# Written by Longshore at each start.\n{USER_MAP} \"{}\" \"{SUPERUSER}\"\n",
            self.owner.name
        );
        for client in &self.clients {
            let _ = writeln!(map, "{USER_MAP} \"{client}\" \"{ROLE}\"");
        }
        for (file, text) in [(self.hba_file(), rules), (self.ident_file(), map)] {
            fs::write(&file, text).map_err(PostgresError::io("write", &file))?;
        }
        Ok(())
    }
}
