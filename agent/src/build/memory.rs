//! Whether the kernel ended a build's process for its memory.
//!
//! A build step that was killed says exit code 137 and nothing more, and often another
//! process reports its child's end with a code of its own. The kernel's counters tell
//! the reason. All builds share them, so the time of a kill counts too.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::cgroup::Cgroup;

/// How long after a kill a step may take to end because of it.
const LATELY: Duration = Duration::from_secs(15);

/// What the counters say of a build that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Killed {
    /// No process was killed for memory.
    Nobody,
    /// Some process of the machine was, while the build was at work.
    Somebody,
    /// A process of a build was, just before the end.
    BuildLately {
        /// The limit that all builds share, in bytes.
        limit: Option<u64>,
    },
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counters {
    /// Processes of builds that were killed (second version of cgroups).
    builds: u64,
    /// How often builds hit the limit (first version); mostly memory was found then.
    hits: u64,
    /// Processes of the whole machine that were killed.
    machine: u64,
}

impl Counters {
    fn read(directory: &Path) -> Self {
        let number =
            |file: &Path, key: &str| counter(&fs::read_to_string(file).unwrap_or_default(), key);
        Self {
            builds: number(&directory.join("memory.events"), "oom_kill"),
            hits: number(&directory.join("memory.failcnt"), ""),
            machine: number(Path::new("/proc/vmstat"), "oom_kill"),
        }
    }

    /// Whether a build's process was killed between then and now.
    fn killed_build_since(&self, then: &Self) -> bool {
        self.builds > then.builds || (self.hits > then.hits && self.machine > then.machine)
    }
}

/// Watches the counters during one build.
#[derive(Debug)]
pub(super) struct Watch {
    cgroup: Cgroup,
    first: Counters,
    last: Counters,
    build_killed_at: Option<Instant>,
}

impl Watch {
    /// Begins. Blocking, but short.
    pub(super) fn begin(cgroup: Cgroup) -> Self {
        let now = Counters::read(&cgroup.memory_directory());
        Self {
            cgroup,
            first: now,
            last: now,
            build_killed_at: None,
        }
    }

    /// Looks at the counters; to be called every second or so. Blocking, but short.
    pub(super) fn look(&mut self) {
        let now = Counters::read(&self.cgroup.memory_directory());
        self.note(now);
    }

    fn note(&mut self, now: Counters) {
        if now.killed_build_since(&self.last) {
            self.build_killed_at = Some(Instant::now());
        }
        self.last = now;
    }

    /// What is to be said of a failure that was seen just now.
    pub(super) fn verdict(&mut self) -> Killed {
        self.look();
        if self.build_killed_at.is_some_and(|at| at.elapsed() < LATELY) {
            return Killed::BuildLately {
                limit: self.cgroup.memory_limit(),
            };
        }
        if self.last.machine > self.first.machine || self.last.builds > self.first.builds {
            Killed::Somebody
        } else {
            Killed::Nobody
        }
    }
}

/// The number behind a key, or the only number of a file without keys.
fn counter(text: &str, key: &str) -> u64 {
    text.lines()
        .find_map(|line| match line.split_once(' ') {
            Some((name, value)) if name == key => value.trim().parse().ok(),
            None if key.is_empty() => line.trim().parse().ok(),
            _ => None,
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Counters, Killed, Watch, counter};
    use crate::build::cgroup::Cgroup;

    #[test]
    fn counters_are_read_from_both_forms() {
        assert_eq!(counter("low 0\noom 3\noom_kill 2\n", "oom_kill"), 2);
        assert_eq!(counter("41\n", ""), 41);
        assert_eq!(counter("", "oom_kill"), 0);
    }

    #[test]
    fn a_hit_of_the_limit_is_no_kill_until_somebody_was_killed() {
        let before = Counters::default();
        let hit = Counters { hits: 9, ..before };
        assert!(!hit.killed_build_since(&before));
        let elsewhere = Counters {
            machine: 1,
            ..before
        };
        assert!(!elsewhere.killed_build_since(&before));
        assert!(Counters { machine: 1, ..hit }.killed_build_since(&before));
        assert!(
            Counters {
                builds: 1,
                ..before
            }
            .killed_build_since(&before)
        );
    }

    #[test]
    fn a_kill_in_the_cgroup_of_the_builds_is_seen_with_their_limit() {
        let root = tempfile::tempdir().unwrap();
        let builds = root.path().join("docker/buildkit");
        fs::create_dir_all(&builds).unwrap();
        fs::write(root.path().join("cgroup.controllers"), "memory").unwrap();
        fs::write(builds.join("memory.events"), "oom_kill 4\n").unwrap();
        fs::write(builds.join("memory.max"), "1000\n").unwrap();
        let mut watch = Watch::begin(Cgroup::docker().below(root.path()));
        assert!(!matches!(watch.verdict(), Killed::BuildLately { .. }));
        fs::write(builds.join("memory.events"), "oom_kill 5\n").unwrap();
        let limit = Some(1000);
        assert_eq!(watch.verdict(), Killed::BuildLately { limit });
        watch.build_killed_at = None;
        assert_eq!(watch.verdict(), Killed::Somebody);
    }
}
