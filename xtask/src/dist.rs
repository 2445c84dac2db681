//! The release tarball: the programs, the licence and the systemd units, with a checksum beside it.
//!
//! What lies in `target/dist` afterwards is what `install.sh` expects at `LONGSHORE_RELEASE_URL`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::{frontend, process, workspace};

/// Files of the repository that go into the tarball as they are.
const FILES: [&str; 3] = ["LICENSE", "longshore.service", "longshore-guard.service"];

/// Largest size of a program in bytes (40 MB).
const PROGRAM_LIMIT_BYTES: u64 = 40_000_000;

/// Options of `cargo xtask dist`.
#[derive(clap::Args)]
pub struct Options {
    /// Where the tarball goes.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Builds the release tarball and its checksum.
pub fn run(options: &Options) -> Result<()> {
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| workspace::root().join("target/dist"));
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("longshore-{version}-{}", std::env::consts::ARCH);
    frontend::build()?;

    let stage = out.join(&name);
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(&stage)?;
    for program in programs()? {
        let file = program.file_name().context("a program without a name")?;
        let size = fs::metadata(&program)
            .with_context(|| format!("{} was not built", program.display()))?
            .len();
        ensure!(
            size <= PROGRAM_LIMIT_BYTES,
            "{} has {size} bytes",
            program.display()
        );
        fs::copy(&program, stage.join(file))?;
    }
    for file in FILES {
        fs::copy(workspace::root().join(file), stage.join(file))?;
    }

    let tarball = out.join(format!("{name}.tar.gz"));
    // The same input gives the same bytes: no names of users, no order of a directory.
    process::run(
        process::command("tar")
            .args([
                "--sort=name",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
                "--mtime=@0",
            ])
            .args(["--use-compress-program", "gzip -n", "-cf"])
            .arg(&tarball)
            .arg("-C")
            .arg(&out)
            .arg(&name),
    )?;
    fs::remove_dir_all(&stage)?;
    let checksum = hex::encode(Sha256::digest(fs::read(&tarball)?));
    fs::write(
        out.join(format!("{name}.tar.gz.sha256")),
        format!("{checksum}  {name}.tar.gz\n"),
    )?;
    fs::write(out.join("VERSION"), format!("{version}\n"))?;
    fs::copy(workspace::root().join("install.sh"), out.join("install.sh"))?;
    eprintln!("{} ({checksum})", tarball.display());
    Ok(())
}

/// Builds the release programs and says where they are.
fn programs() -> Result<Vec<PathBuf>> {
    let target = workspace::target_directory();
    process::run(
        process::cargo()
            .args([
                "build",
                "--profile",
                "dist",
                "-p",
                "longshore-server",
                "-p",
                "longshore-agent",
                "--target-dir",
            ])
            .arg(&target),
    )?;
    let dist = target.join("dist");
    Ok(vec![dist.join("longshore"), dist.join("longshore-agent")])
}
