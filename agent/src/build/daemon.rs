//! The processes of dockerds.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A dockerd's name as the kernel has it.
pub(super) const DOCKERD: &str = "dockerd";

/// A process in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) parent: i32,
    pub(super) name: String,
}

/// What is known of a process. Blocking, but short.
pub(super) fn process(pid: i32) -> Option<Process> {
    parse(&fs::read_to_string(folder(pid).join("stat")).ok()?)
}

/// The dockerds that are seen. Blocking.
pub(super) fn pids() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| process(*pid).is_some_and(|process| process.name == DOCKERD))
        .collect()
}

/// The cgroup that a process is in, in the second version; none when the process is not root's:
/// users' own dockerds have the part of the hierarchy that was handed to them. Blocking.
pub(super) fn cgroup_of_root(pid: i32) -> Option<PathBuf> {
    if fs::metadata(folder(pid)).ok()?.uid() != 0 {
        return None;
    }
    let text = fs::read_to_string(folder(pid).join("cgroup")).ok()?;
    unified(&text).map(PathBuf::from)
}

fn folder(pid: i32) -> PathBuf {
    Path::new("/proc").join(pid.to_string())
}

/// The path, without its first slash, in a line `0::/path`.
fn unified(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("0::/"))
}

/// Reads `pid (name) state parent …`; the name may hold anything.
fn parse(stat: &str) -> Option<Process> {
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    Some(Process {
        name: name.to_owned(),
        parent: after.split_whitespace().nth(1)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{parse, unified};

    #[test]
    fn names_with_brackets_are_read() {
        let process = parse("7 (a) (b) x) S 3 7 7 0 -1\n").unwrap();
        assert_eq!((process.parent, process.name.as_str()), (3, "a) (b) x"));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn the_second_version_is_found_among_hierarchies_of_the_first() {
        let text = "4:memory:/a\n0::/system.slice/docker.service\n";
        assert_eq!(unified(text), Some("system.slice/docker.service"));
        assert_eq!(unified("4:memory:/a\n"), None);
    }
}
