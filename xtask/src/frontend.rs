//! The npm package of the dashboard's scripts and styles.

use crate::{process, workspace};

/// Installs the locked dependencies and builds the bundle that `web` embeds.
pub fn build() -> anyhow::Result<()> {
    npm(&["ci", "--no-audit", "--no-fund"])?;
    npm(&["run", "build"])
}

/// Checks the types and runs the scripts' own tests. The dependencies must be there.
pub fn check() -> anyhow::Result<()> {
    npm(&["run", "check"])?;
    npm(&["run", "test"])
}

fn npm(arguments: &[&str]) -> anyhow::Result<()> {
    let package = workspace::root().join("web/assets");
    process::run(process::command("npm").args(arguments).current_dir(package))
}
