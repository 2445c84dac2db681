//! The test programs of the workspace.

mod lanes;
mod times;

use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;

use crate::process;

pub use lanes::{Inside, run};

/// How a source says that its tests tolerate no company.
const ALONE: &str = "//! Runs alone:";

/// A test program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    name: String,
    folder: PathBuf,
    program: PathBuf,
    is_alone: bool,
}

/// What cargo says of something that it built.
#[derive(Deserialize)]
struct Artifact {
    manifest_path: PathBuf,
    target: Target,
    executable: Option<PathBuf>,
    profile: Profile,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Builds the tests of the whole workspace and gives their programs.
pub fn build() -> anyhow::Result<Vec<Suite>> {
    let told = process::output(
        process::cargo()
            .args(["test", "--workspace", "--no-run", "--quiet"])
            .args(["--message-format", "json-render-diagnostics"])
            .env("SQLX_OFFLINE", "true"),
    )?;
    told.lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .filter(|artifact| artifact.profile.test)
        .filter_map(|artifact| suite(artifact).transpose())
        .collect()
}

fn suite(artifact: Artifact) -> anyhow::Result<Option<Suite>> {
    let Some(program) = artifact.executable else {
        return Ok(None);
    };
    let folder = artifact.manifest_path.parent().context("a folder")?;
    let package = folder.file_name().context("a package")?.to_string_lossy();
    let source = std::fs::read_to_string(&artifact.target.src_path)?;
    Ok(Some(Suite {
        name: format!("{package}/{}", artifact.target.name),
        folder: folder.to_owned(),
        program,
        is_alone: source.lines().any(|line| line.starts_with(ALONE)),
    }))
}
