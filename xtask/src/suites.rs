//! The test programs of the workspace.

mod lanes;
pub mod sample;
mod times;
mod units;

use std::path::PathBuf;

use anyhow::Context;
use serde::Deserialize;

use crate::process;

pub use lanes::{Inside, run, run_one};
pub use units::Unit;

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
    kind: Vec<String>,
    name: String,
    src_path: PathBuf,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Builds the tests of the whole workspace and gives what lanes run.
pub fn build() -> anyhow::Result<Vec<Unit>> {
    let mut all = Vec::new();
    for artifact in built(&["--workspace".to_owned()])? {
        all.extend(units(artifact)?);
    }
    Ok(all)
}

/// Builds the tests that these arguments of `cargo test` select and gives their programs.
pub fn programs(selected: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    let built = built(selected)?.into_iter();
    Ok(built.filter_map(|artifact| artifact.executable).collect())
}

fn built(selected: &[String]) -> anyhow::Result<Vec<Artifact>> {
    let told = process::output(
        process::cargo()
            .args(["test", "--no-run", "--quiet"])
            .args(["--message-format", "json-render-diagnostics"])
            .args(selected)
            .env("SQLX_OFFLINE", "true"),
    )?;
    Ok(told
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .filter(|artifact| artifact.profile.test)
        .collect())
}

/// A program whose sources are `tests/<program>/main.rs` and modules beside it is run by module:
/// its tests wait for Docker most of the time, and lanes are evenly filled only by small units.
fn units(artifact: Artifact) -> anyhow::Result<Vec<Unit>> {
    let Some(program) = artifact.executable else {
        return Ok(Vec::new());
    };
    let folder = artifact.manifest_path.parent().context("a folder")?;
    let package = folder.file_name().context("a package")?.to_string_lossy();
    let Target {
        kind,
        name,
        src_path,
    } = artifact.target;
    let name = format!("{package}/{name}");
    let whole = Unit::program(name, folder.to_owned(), program, &src_path)?;
    let is_split = kind == ["test"] && src_path.ends_with("main.rs");
    if is_split {
        whole.by_module(&src_path)
    } else {
        Ok(vec![whole])
    }
}
