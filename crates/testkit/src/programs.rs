//! The binaries of the product, as this build made them.

use std::path::PathBuf;

/// Another directory to take the binaries from, for example of a release build.
const DIRECTORY: &str = "LONGSHORE_TEST_PROGRAMS";

/// The path of a binary of the workspace, for example `longshore`.
///
/// # Panics
/// When it has not been built; `cargo xtask test` builds all of them first.
pub fn path(name: &str) -> PathBuf {
    let folder = std::env::var_os(DIRECTORY).map_or_else(build_directory, PathBuf::from);
    let program = folder.join(name);
    assert!(
        program.exists(),
        "{} is missing: run `cargo build --workspace --bins` or `cargo xtask test`",
        program.display()
    );
    program
}

/// The directory of this build's binaries: of `target/debug/deps/<test>` it is `target/debug`.
fn build_directory() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.parent().and_then(|deps| deps.parent());
    folder.expect("target/debug").to_owned()
}
