//! A private PostgreSQL for one run: a fresh cluster on a Unix socket, in memory where the machine
//! has a place for that, without durability.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{process, workspace};

/// How long it may take to answer after its start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The unprivileged user that Debian's package makes; PostgreSQL refuses to run as root.
const USER: &str = "postgres";

/// How the folder of a cluster begins; the rest is the process that made it.
const PREFIX: &str = "longshore-pg-";

/// Free memory from which on a cluster is there, in bytes; what lies in it is a tenth of that.
const MEMORY_NEEDED: u64 = 2 << 30;

/// Where the folders are: every test has a database of its own, and disks take long to make one.
fn place() -> anyhow::Result<&'static Path> {
    const MEMORY: &str = "/dev/shm";
    if Path::new(MEMORY).is_dir() {
        let free = process::output(process::command("df").args([
            "--block-size=1",
            "--output=avail",
            MEMORY,
        ]))?;
        let free: u64 = free.split_whitespace().last().unwrap_or_default().parse()?;
        if free >= MEMORY_NEEDED {
            return Ok(Path::new(MEMORY));
        }
    }
    Ok(Path::new("/tmp"))
}

/// A running cluster; it ends, and its files go, when this is dropped.
pub struct Postgres {
    binaries: PathBuf,
    folder: PathBuf,
    server: Child,
}

impl Postgres {
    /// Makes and starts a cluster, as the user `postgres`.
    pub fn start() -> anyhow::Result<Self> {
        workspace::require_root("a PostgreSQL that runs as another user")?;
        sweep()?;
        let binaries = binaries()?;
        let folder = place()?.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&folder)?;
        let user = id("-u")?;
        chown(&folder, Some(user), Some(id("-g")?))?;
        let data = folder.join("data");
        process::output(
            unprivileged()
                .arg(binaries.join("initdb"))
                .args(["--username=longshore", "--auth=trust", "--no-sync"])
                .args(["--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"])
                .arg(&data),
        )?;
        let log = fs::File::create(folder.join("log"))?;
        let server = unprivileged()
            .args(["--pdeathsig", "INT"])
            .arg(binaries.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .args(["-c", "synchronous_commit=off", "-c", "full_page_writes=off"])
            .args(["-c", "max_connections=300", "-c", "shared_buffers=256MB"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start PostgreSQL")?;
        let cluster = Self {
            binaries,
            folder,
            server,
        };
        let start = Instant::now();
        while !process::succeeds(&mut cluster.client("pg_isready"))? {
            if start.elapsed() > START_LIMIT {
                let log = fs::read_to_string(cluster.folder.join("log"))?;
                bail!("PostgreSQL does not answer: {log}");
            }
            sleep(Duration::from_millis(50));
        }
        process::output(cluster.client("createdb").arg("longshore"))?;
        Ok(cluster)
    }

    /// The value of `DATABASE_URL`, usable inside the test engine's network too.
    pub fn url(&self) -> String {
        format!(
            "postgres://longshore@localhost/longshore?host={}",
            self.folder.display()
        )
    }

    /// Applies every migration, in order, each in a transaction.
    pub fn migrate(&self) -> anyhow::Result<()> {
        let mut migrations: Vec<PathBuf> = fs::read_dir(workspace::root().join("migrations"))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        migrations.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
        migrations.sort();
        for migration in migrations {
            process::output(
                self.client("psql")
                    .args(["--quiet", "--single-transaction", "--no-psqlrc"])
                    .args([
                        "--set",
                        "ON_ERROR_STOP=1",
                        "--dbname",
                        "longshore",
                        "--file",
                    ])
                    .arg(migration),
            )?;
        }
        Ok(())
    }

    fn client(&self, program: &str) -> Command {
        let mut command = process::command(self.binaries.join(program));
        command
            .arg("--host")
            .arg(&self.folder)
            .arg("--username=longshore");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ =
            process::succeeds(Command::new("kill").args(["-INT", &self.server.id().to_string()]));
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn unprivileged() -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", USER, "--regid", USER, "--clear-groups"])
        .current_dir("/");
    command
}

fn id(flag: &str) -> anyhow::Result<u32> {
    Ok(process::output(process::command("id").args([flag, USER]))?.parse()?)
}

/// The newest PostgreSQL that is installed.
fn binaries() -> anyhow::Result<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql");
    let newest = fs::read_dir(versions)
        .context("PostgreSQL is not installed (Debian package postgresql)")?
        .flatten()
        .filter(|entry| entry.path().join("bin/initdb").exists())
        .max_by_key(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .parse::<u32>()
                .unwrap_or(0)
        });
    Ok(newest
        .context("no PostgreSQL server under /usr/lib/postgresql")?
        .path()
        .join("bin"))
}

/// Removes the folders of runs that were killed.
fn sweep() -> anyhow::Result<()> {
    for entry in fs::read_dir(place()?)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix(PREFIX) else {
            continue;
        };
        if !Path::new("/proc").join(owner).exists() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
