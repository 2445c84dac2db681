//! The npm package of the dashboard's scripts and styles: type check and bundle.

use crate::{process, workspace};

/// Installs the locked dependencies, checks the types and builds the bundle that `web` embeds.
pub fn build() -> anyhow::Result<()> {
    let package = workspace::root().join("web/assets");
    for arguments in [
        &["ci", "--no-audit", "--no-fund"][..],
        &["run", "typecheck"],
        &["run", "build"],
    ] {
        process::run(
            process::command("npm")
                .args(arguments)
                .current_dir(&package),
        )?;
    }
    Ok(())
}
