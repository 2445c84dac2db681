//! The probe: the one program that has to run inside any image, also an empty one.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::{process, workspace};

/// Builds it without any library and puts it beside the other binaries of a debug build, where the
/// agent looks for it.
pub fn build_beside_the_agent() -> anyhow::Result<()> {
    let target = target_directory();
    // A target is named for its own directory: the flags do not disturb the other programs.
    let triple = host_triple()?;
    process::run(
        process::cargo()
            .args(["build", "--quiet", "--workspace", "--bin=longshore-probe"])
            .args(["--target", &triple])
            .env("RUSTFLAGS", "-C target-feature=+crt-static"),
    )?;
    let built = target.join(triple).join("debug/longshore-probe");
    let wanted = target.join("debug/longshore-probe");
    let next = target.join("debug/longshore-probe.new");
    fs::copy(&built, &next).with_context(|| format!("cannot copy {}", built.display()))?;
    fs::rename(next, wanted)?;
    Ok(())
}

/// Where cargo puts what it builds.
fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || workspace::root().join("target"),
        |path| Path::new(&path).to_owned(),
    )
}

fn host_triple() -> anyhow::Result<String> {
    let version = process::output(process::command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say its host")?.to_owned())
}
