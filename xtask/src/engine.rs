//! The test engine: a second Docker Engine in a sandbox, for tests alone.
//!
//! The sandbox has its own network (joined to the machine's by a veth pair and NAT), mounts (its own
//! `/run`, so that `/var/run/docker.sock` means the test engine there), processes and cgroups. Tests
//! run inside, so that no port, Swarm, network or container of theirs can meet an installed Longshore
//! or the machine's own Docker. Its images survive in the user's cache; all else ends with it.

mod version;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use longshore_sandbox::{Lifetime, Place, Sandbox, Setup, sweep};

use crate::fixtures::{self, Docker};
use crate::{process, workspace};

pub use version::Version;

/// Test engines beside each other. More only make each other slow on a machine with two cores.
pub const MOST: usize = 2;

/// Whose engine makes the fixture images; others get them from there.
const MAKER: Version = Version::Docker20;

/// How long dockerd may take to answer after its start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// What an installed Longshore keeps must not be within a test's reach.
const HIDDEN: [&str; 2] = ["/etc/longshore", "/var/lib/longshore"];

/// `cargo xtask engine …`
#[derive(clap::Subcommand)]
pub enum Task {
    /// Start it, with the fixture images, and leave it running.
    Up(Choice),
    /// Stop it and remove what it left in the machine's network.
    Down,
    /// Run a command inside it; when it is not up, it is for this command alone.
    Exec {
        #[command(flatten)]
        engine: Choice,
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

/// Which Docker Engine.
#[derive(clap::Args, Clone, Copy)]
pub struct Choice {
    /// The Docker Engine, by its major version.
    #[arg(long, value_enum, default_value = "20")]
    engine: Version,
}

impl Choice {
    /// The version that was chosen.
    pub fn version(self) -> Version {
        self.engine
    }
}

/// `cargo xtask engine …`
pub fn run(task: Task) -> anyhow::Result<()> {
    workspace::require_root("the test engine")?;
    match task {
        Task::Up(choice) => {
            let version = choice.version();
            let place = place(version, 0);
            if Sandbox::running(&place)?.is_some() {
                eprintln!("the test engine is already up");
                return Ok(());
            }
            let engine = Engine::start(version, place, Lifetime::UntilSwept)?;
            fixtures::ensure(&engine.docker())?;
            std::mem::forget(engine);
            eprintln!("up; `cargo xtask engine exec docker info` runs a command in it");
            Ok(())
        }
        Task::Down => Version::ALL
            .iter()
            .flat_map(|version| (0..MOST).map(|number| place(*version, number)))
            .try_for_each(|place| sweep(&place)),
        Task::Exec { engine, command } => {
            let engine = Engine::for_this_run(engine.version())?;
            process::run(engine.command(&command[0]).args(&command[1..]))
        }
    }
}

/// The place of an engine; number 0 is that of the one for working by hand.
fn place(version: Version, number: usize) -> Place {
    let of_version = match version {
        Version::Docker20 => "test-engine".to_owned(),
        version => format!("test-engine-docker-{}", version.name()),
    };
    let name = match number {
        0 => of_version,
        number => format!("{of_version}-{}", number + 1),
    };
    Place::new(workspace::cache().join(name))
}

/// A running test engine; stopped when dropped.
pub struct Engine {
    version: Version,
    place: Place,
    sandbox: Sandbox,
    borrowed: bool,
}

impl Engine {
    /// The one that a developer keeps up, or else a new one that ends with this process; with the
    /// fixture images.
    pub fn for_this_run(version: Version) -> anyhow::Result<Self> {
        let engine = Self::numbered(version, 0)?;
        if version == MAKER {
            fixtures::ensure(&engine.docker())?;
        } else {
            let maker = Self::for_this_run(MAKER)?;
            fixtures::copy(&maker.docker(), &engine.docker(), fixtures::tags())?;
        }
        Ok(engine)
    }

    /// The version of its Docker Engine.
    pub fn version(&self) -> Version {
        self.version
    }

    /// One more beside this one, with the same fixture images.
    pub fn beside(&self, number: usize) -> anyhow::Result<Self> {
        let engine = Self::numbered(self.version, number)?;
        fixtures::copy(&self.docker(), &engine.docker(), fixtures::tags())?;
        Ok(engine)
    }

    /// One of another version, with some of the fixture images.
    pub fn of_version(&self, version: Version, images: &[&'static str]) -> anyhow::Result<Self> {
        let engine = Self::numbered(version, 0)?;
        fixtures::copy(&self.docker(), &engine.docker(), images.iter().copied())?;
        Ok(engine)
    }

    fn numbered(version: Version, number: usize) -> anyhow::Result<Self> {
        workspace::require_root("the test engine")?;
        let place = place(version, number);
        if let Some(sandbox) = Sandbox::running(&place)? {
            return Ok(Self {
                version,
                place,
                sandbox,
                borrowed: true,
            });
        }
        Self::start(version, place, Lifetime::ThisThread)
    }

    fn start(version: Version, place: Place, lifetime: Lifetime) -> anyhow::Result<Self> {
        ensure!(
            ["/usr/sbin/dockerd", "/usr/bin/dockerd"]
                .iter()
                .any(|path| PathBuf::from(path).exists()),
            "dockerd is not installed: the tests need Docker Engine (Debian package docker.io)"
        );
        sweep(&place)?;
        let setup = Setup {
            // Test programs know by it where they are.
            hostname: "longshore-test".to_owned(),
            hidden: HIDDEN.map(PathBuf::from).to_vec(),
            ..Setup::default()
        };
        let engine = Self {
            version,
            sandbox: Sandbox::start(&place, &setup, lifetime)?,
            place,
            borrowed: false,
        };
        engine.start_docker()?;
        engine.wait_for_docker()?;
        engine.clear()?;
        Ok(engine)
    }

    /// Starts dockerd, with nothing of a former run but its images: a network or a Swarm of its
    /// would come back with them.
    fn start_docker(&self) -> anyhow::Result<()> {
        let state = self.place.state();
        for folder in ["swarm", "network"] {
            let folder = state.join("docker").join(folder);
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        for (name, text) in [
            ("dockerd.sh", include_str!("engine/dockerd.sh")),
            ("root.sh", include_str!("engine/root.sh")),
            ("daemon.json", self.version.settings()),
            ("dockerd.log", ""),
        ] {
            fs::write(state.join(name), text)?;
        }
        let lower: Vec<String> = self
            .version
            .root()?
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        if !lower.is_empty() {
            let mut mount = self.command("bash");
            mount.arg(state.join("root.sh")).arg(state);
            process::output(mount.arg(lower.join(":")))?;
        }
        let mut start = self.command("setsid");
        start.args(["--fork", "bash"]).arg(state.join("dockerd.sh"));
        process::run(start.stdin(Stdio::null()))
    }

    /// Docker's command line for this engine, usable from outside the sandbox.
    pub fn docker(&self) -> Docker {
        let socket = self.sandbox.path("/run/docker.sock");
        Docker::new(Some(format!("unix://{}", socket.display())))
    }

    /// A command that runs inside the sandbox, in the workspace's root.
    pub fn command(&self, program: &str) -> Command {
        let mut command = self.sandbox.command(workspace::root(), program);
        command.env_remove("DOCKER_HOST");
        process::forget_this_package(&mut command);
        command
    }

    fn wait_for_docker(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        while !process::succeeds(self.docker().command().arg("version"))? {
            if start.elapsed() > START_LIMIT || !self.sandbox.is_alive() {
                let log = fs::read_to_string(self.place.state().join("dockerd.log"));
                let setup = fs::read_to_string(self.place.state().join("sandbox.log"));
                bail!(
                    "the test engine's dockerd does not answer:\n{}\n{}",
                    setup.unwrap_or_default(),
                    log.unwrap_or_default()
                );
            }
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Removes what a crashed run left in Docker's data directory, except for the fixture images.
    fn clear(&self) -> anyhow::Result<()> {
        let docker = self.docker();
        let containers = process::output(docker.command().args(["ps", "--all", "--quiet"]))?;
        if !containers.is_empty() {
            process::output(
                docker
                    .command()
                    .args(["rm", "--force"])
                    .args(containers.lines()),
            )?;
        }
        process::output(docker.command().args(["network", "prune", "--force"]))?;
        process::output(docker.command().args(["volume", "prune", "--force"]))?;
        let keep = format!("label!={}", fixtures::LABEL);
        process::output(
            docker
                .command()
                .args(["image", "prune", "--all", "--force", "--filter", &keep]),
        )?;
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.borrowed {
            return;
        }
        if let Err(error) = sweep(&self.place) {
            eprintln!("cannot stop the test engine: {error:#}");
        }
    }
}
