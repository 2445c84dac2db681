//! The images that tests build on, made from packages instead of pulled: no registry is needed.
//!
//! `debian:bookworm-slim` comes from debootstrap, the others from the Dockerfiles under
//! `crates/testkit/fixtures/images`, over it. Each image carries a label with the hash of what it was
//! made from, so that a second run only looks.

mod base;
mod downloads;
mod images;
mod programs;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::{process, workspace};

/// The label with the hash of an image's recipe.
pub const LABEL: &str = "dev.longshore.fixture";

/// Options of `cargo xtask fixtures`.
#[derive(clap::Args)]
pub struct Options {
    /// The Docker Engine that gets the images; the machine's own by default.
    #[arg(long, env = "DOCKER_HOST")]
    host: Option<String>,
}

/// `cargo xtask fixtures`
pub fn run(options: &Options) -> anyhow::Result<()> {
    workspace::require_root("debootstrap")?;
    ensure(&Docker::new(options.host.clone()))
}

/// Makes every image that is missing or outdated in that engine.
pub fn ensure(docker: &Docker) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder())?;
    base::ensure(docker)?;
    for image in images::IMAGES {
        images::ensure(docker, image)?;
    }
    Ok(())
}

/// The names of all of them.
pub fn tags() -> impl Iterator<Item = &'static str> {
    std::iter::once(base::TAG).chain(images::IMAGES.iter().map(images::Image::tag))
}

/// Gives a further engine those images that it lacks or has in another version: they are
/// made once.
pub fn copy(
    from: &Docker,
    to: &Docker,
    tags: impl Iterator<Item = &'static str>,
) -> anyhow::Result<()> {
    let missing: Vec<&str> = tags
        .filter(|tag| to.recipe(tag) != from.recipe(tag))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("copying {}", missing.join(", "));
    let mut save = from.command();
    let mut saved = save
        .arg("save")
        .args(&missing)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start docker save")?;
    let images = saved.stdout.take().context("a pipe")?;
    let mut load = to.command();
    load.args(["load", "--quiet"])
        .stdin(images)
        .stdout(Stdio::null());
    process::run(&mut load)?;
    // Its end of the pipe would let the other wait.
    drop(load);
    ensure!(saved.wait()?.success(), "the images cannot be saved");
    Ok(())
}

/// The real docker-compose, from the cache after the first time.
pub fn compose() -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    downloads::unpack(&downloads::COMPOSE, &folder)?;
    let program = folder.join("compose").join(downloads::COMPOSE_PROGRAM);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    Ok(program)
}

/// Whether nothing has been made yet.
pub fn are_missing() -> bool {
    !folder().exists()
}

/// Where downloads and the base system are kept.
fn folder() -> PathBuf {
    workspace::cache().join("fixtures")
}

/// A Docker Engine, reached through its command line.
pub struct Docker {
    host: Option<String>,
}

impl Docker {
    /// The engine at this address, or the default one.
    pub fn new(host: Option<String>) -> Self {
        Self { host }
    }

    /// `docker …`; builds use the builder inside the engine, which needs no plug-in.
    pub fn command(&self) -> Command {
        let mut command = process::command("docker");
        command.env("DOCKER_BUILDKIT", "0");
        if let Some(host) = &self.host {
            command.args(["--host", host]);
        }
        command
    }

    /// The recipe that an image of this name was made from; none when there is no such image.
    fn recipe(&self, tag: &str) -> Option<String> {
        let format = format!("{{{{index .Config.Labels \"{LABEL}\"}}}}");
        let mut inspect = self.command();
        inspect.args(["image", "inspect", "--format", &format, tag]);
        process::output(&mut inspect).ok()
    }

    /// Builds a directory into a labelled image.
    fn build(&self, context: &std::path::Path, tag: &str, recipe: &str) -> anyhow::Result<()> {
        let mut build = self.command();
        build
            .args(["build", "--quiet", "--force-rm", "--tag", tag])
            .args(["--label", &format!("{LABEL}={recipe}")])
            .arg(context);
        process::output(&mut build)?;
        Ok(())
    }
}
