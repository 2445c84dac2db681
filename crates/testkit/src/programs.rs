//! The binaries of the product, as this build made them.

use std::path::PathBuf;

/// The path of a binary of the workspace, for example `longshore`.
///
/// # Panics
/// When it has not been built; `cargo xtask test` builds all of them first.
pub fn path(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // target/debug/deps/<test>
    let folder = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("target/debug");
    let program = folder.join(name);
    assert!(
        program.exists(),
        "{} is missing: run `cargo build --workspace --bins` or `cargo xtask test`",
        program.display()
    );
    program
}
