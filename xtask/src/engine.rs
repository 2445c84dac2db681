//! The test engine: a second Docker Engine in a sandbox, for tests alone.
//!
//! The sandbox has its own network (joined to the machine's by a veth pair and NAT), mounts (its own
//! `/run`, so that `/var/run/docker.sock` means the test engine there), processes and cgroups. Tests
//! run inside, so that no port, Swarm, network or container of theirs can meet an installed Longshore
//! or the machine's own Docker. Its images survive in the user's cache; all else ends with it.

mod network;
mod place;
mod sandbox;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::fixtures::{self, Docker};
use crate::{process, workspace};
use place::Place;
use sandbox::Sandbox;

/// Test engines beside each other. More only make each other slow on a machine with two cores.
pub const MOST: usize = 2;

/// How long dockerd may take to answer after its start.
const START_LIMIT: Duration = Duration::from_mins(1);

/// `cargo xtask engine …`
#[derive(clap::Subcommand)]
pub enum Task {
    /// Start it, with the fixture images, and leave it running.
    Up,
    /// Stop it and remove what it left in the machine's network.
    Down,
    /// Run a command inside it; when it is not up, it is for this command alone.
    Exec {
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
}

/// `cargo xtask engine …`
pub fn run(task: Task) -> anyhow::Result<()> {
    workspace::require_root("the test engine")?;
    let place = Place::new(0);
    match task {
        Task::Up => {
            if Sandbox::running(&place)?.is_some() {
                eprintln!("the test engine is already up");
                return Ok(());
            }
            let engine = Engine::start(place, Lifetime::UntilDown)?;
            fixtures::ensure(&engine.docker())?;
            std::mem::forget(engine);
            eprintln!("up; `cargo xtask engine exec docker info` runs a command in it");
            Ok(())
        }
        Task::Down => (0..MOST).try_for_each(|number| sandbox::sweep(&Place::new(number))),
        Task::Exec { command } => {
            let engine = Engine::for_this_run()?;
            process::run(engine.command(&command[0]).args(&command[1..]))
        }
    }
}

/// Who ends the engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// `cargo xtask engine down`.
    UntilDown,
    /// This process: also when it is killed.
    ThisProcess,
}

/// A running test engine; stopped when dropped.
pub struct Engine {
    place: Place,
    sandbox: Sandbox,
    borrowed: bool,
}

impl Engine {
    /// The one that a developer keeps up, or else a new one that ends with this process; with the
    /// fixture images.
    pub fn for_this_run() -> anyhow::Result<Self> {
        let engine = Self::numbered(0)?;
        fixtures::ensure(&engine.docker())?;
        Ok(engine)
    }

    /// One more beside the first, with the same fixture images.
    pub fn beside(&self, number: usize) -> anyhow::Result<Self> {
        let engine = Self::numbered(number)?;
        fixtures::copy(&self.docker(), &engine.docker())?;
        Ok(engine)
    }

    fn numbered(number: usize) -> anyhow::Result<Self> {
        workspace::require_root("the test engine")?;
        let place = Place::new(number);
        if let Some(sandbox) = Sandbox::running(&place)? {
            return Ok(Self {
                place,
                sandbox,
                borrowed: true,
            });
        }
        Self::start(place, Lifetime::ThisProcess)
    }

    fn start(place: Place, lifetime: Lifetime) -> anyhow::Result<Self> {
        ensure!(
            ["/usr/sbin/dockerd", "/usr/bin/dockerd"]
                .iter()
                .any(|path| PathBuf::from(path).exists()),
            "dockerd is not installed: the tests need Docker Engine (Debian package docker.io)"
        );
        sandbox::sweep(&place)?;
        let engine = Self {
            sandbox: Sandbox::start(&place, lifetime)?,
            place,
            borrowed: false,
        };
        engine.wait_for_docker()?;
        engine.clear()?;
        Ok(engine)
    }

    /// Docker's command line for this engine, usable from outside the sandbox.
    pub fn docker(&self) -> Docker {
        Docker::new(Some(self.sandbox.docker_host()))
    }

    /// A command that runs inside the sandbox, in the workspace's root.
    pub fn command(&self, program: &str) -> Command {
        self.sandbox.command(program)
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
        if let Err(error) = sandbox::sweep(&self.place) {
            eprintln!("cannot stop the test engine: {error:#}");
        }
    }
}
