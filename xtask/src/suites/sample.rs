//! What chooses the part of long tables that a run of the tests takes.

use crate::process;

/// The variable that tests read; see `sample` in the test kit.
pub const VARIABLE: &str = "LONGSHORE_TEST_SAMPLE";

/// The value for whole tables.
pub const ALL: &str = "all";

/// The value of this run: the one that is set, or else the commit, so that each commit is tested
/// with another part and a failure comes again.
pub fn of_this_run() -> String {
    if let Ok(set) = std::env::var(VARIABLE) {
        return set;
    }
    let mut git = process::command("git");
    let commit = process::output(git.args(["rev-parse", "--short=12", "HEAD"]));
    // Without a repository, as in an unpacked tarball, it is always the same.
    commit.unwrap_or_default()
}
