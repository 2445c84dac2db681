//! Whether the kernel ended a build's process for its memory.
//!
//! A build step that was killed says exit code 137 and nothing more; the kernel's
//! counters before and after tell the reason.

use std::fs;

/// Files with counters: of the builds' cgroup (first and second version), and of the
/// whole machine, which also counts kills without a limit.
const COUNTERS: [(&str, &str); 4] = [
    ("/sys/fs/cgroup/docker/buildkit/memory.events", "oom_kill"),
    (
        "/sys/fs/cgroup/memory/docker/buildkit/memory.oom_control",
        "oom_kill",
    ),
    ("/sys/fs/cgroup/memory/docker/buildkit/memory.failcnt", ""),
    ("/proc/vmstat", "oom_kill"),
];

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kills([u64; COUNTERS.len()]);

impl Kills {
    /// The counters now.
    pub(super) fn now() -> Self {
        Self(COUNTERS.map(|(file, key)| {
            let text = fs::read_to_string(file).unwrap_or_default();
            counter(&text, key)
        }))
    }

    /// Whether a process was killed since then.
    pub(super) fn happened_since(self, before: Self) -> bool {
        self.0.iter().zip(before.0).any(|(now, then)| *now > then)
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
    use super::counter;

    #[test]
    fn counters_are_read_from_both_forms() {
        assert_eq!(counter("low 0\noom 3\noom_kill 2\n", "oom_kill"), 2);
        assert_eq!(counter("41\n", ""), 41);
        assert_eq!(counter("", "oom_kill"), 0);
    }
}
