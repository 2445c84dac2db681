//! The product starts no program through a shell.

use std::fs;
use std::path::Path;

use anyhow::bail;

use crate::workspace;

/// The sources of the product.
const SOURCES: &[&str] = &[
    "server/src",
    "web/src",
    "agent/src",
    "crates/domain/src",
    "crates/agent-api/src",
    "crates/store/src",
    "crates/control/src",
    "crates/autobuild/src",
];

const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ash", "busybox"];

/// Fails with every line that starts a shell.
pub fn check() -> anyhow::Result<()> {
    let mut found = Vec::new();
    for folder in SOURCES {
        search(&workspace::root().join(folder), &mut found)?;
    }
    if !found.is_empty() {
        bail!(
            "programs are started with a list of arguments, never through a shell:\n{}",
            found.join("\n")
        );
    }
    Ok(())
}

fn search(folder: &Path, found: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            for (number, line) in text.lines().enumerate() {
                if starts_a_shell(line) {
                    found.push(format!(
                        "{}:{}: {}",
                        path.display(),
                        number + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    Ok(())
}

/// `Command::new("…/sh")`, however the path to the shell is written.
fn starts_a_shell(line: &str) -> bool {
    let Some((_, rest)) = line.split_once("Command::new(") else {
        return false;
    };
    let program = rest.trim_start_matches(['&', 'r', '"']);
    let program = program.split(['"', ')']).next().unwrap_or_default();
    let name = program.rsplit('/').next().unwrap_or_default();
    SHELLS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::starts_a_shell;

    #[test]
    fn a_shell_is_seen_with_and_without_a_path() {
        assert!(starts_a_shell("let x = Command::new(\"sh\").arg(\"-c\")"));
        assert!(starts_a_shell(
            "tokio::process::Command::new(\"/bin/bash\")"
        ));
        assert!(!starts_a_shell("Command::new(\"ebtables\")"));
        assert!(!starts_a_shell("Command::new(binaries.join(\"postgres\"))"));
    }
}
