//! Programs as the tasks start them.

use std::ffi::OsStr;
use std::process::Command;

pub use longshore_sandbox::process::{output, run, succeeds};

use crate::workspace;

/// A command that runs in the workspace's root.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    forget_this_package(&mut command);
    command
}

/// Takes away what cargo told this program of its own package. Build scripts of other
/// packages look at it, and everything behind them would be built anew for its sake.
pub fn forget_this_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let told = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if told {
            command.env_remove(name);
        }
    }
}

/// The cargo that runs this task.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
