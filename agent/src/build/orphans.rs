//! Steps of builds that nobody waits for any more.
//!
//! When dockerd is killed, the processes of its builds go on: they use cores, memory and
//! disk for nothing, and no restart of dockerd takes them up. A step belongs to a living
//! build as long as one of its processes' ancestors is a dockerd.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::cgroup::{Cgroup, Step};

/// A dockerd's name as the kernel has it.
const DOCKERD: &str = "dockerd";
/// How long to wait before a step is looked at again: a process between two parents is
/// no orphan.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a step is killed: its processes may make new ones while it is done.
const ATTEMPTS: u32 = 20;
/// More ancestors than any process has.
const DEPTH: usize = 64;

/// A process in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    parent: i32,
    name: String,
}

/// Ends the steps that no dockerd waits for; says how many there were. Does nothing where
/// no dockerd is seen at all: then nothing can be told apart. Blocking.
pub(super) fn end(cgroup: &Cgroup) -> usize {
    let suspects = orphans(cgroup.steps());
    if suspects.is_empty() || !is_dockerd_seen() {
        return 0;
    }
    sleep(PAUSE);
    let orphans = orphans(suspects);
    for step in &orphans {
        kill(step);
    }
    orphans.len()
}

fn orphans(steps: Vec<Step>) -> Vec<Step> {
    steps
        .into_iter()
        .filter(|step| is_orphan(&step.processes(), &process))
        .collect()
}

/// Whether none of the processes descends from a dockerd.
fn is_orphan(processes: &[i32], look_up: &dyn Fn(i32) -> Option<Process>) -> bool {
    let descends = |pid: &i32| {
        let mut ancestor = look_up(*pid).map(|process| process.parent);
        for _ in 0..DEPTH {
            let Some((pid, process)) = ancestor.and_then(|pid| Some((pid, look_up(pid)?))) else {
                return false;
            };
            // A step may run a dockerd of its own.
            if process.name == DOCKERD && !processes.contains(&pid) {
                return true;
            }
            ancestor = Some(process.parent);
        }
        false
    };
    !processes.is_empty() && !processes.iter().any(descends)
}

fn kill(step: &Step) {
    for _ in 0..ATTEMPTS {
        let processes = step.processes();
        if processes.is_empty() {
            break;
        }
        for pid in processes.into_iter().filter_map(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::KILL);
        }
        sleep(PAUSE / 10);
    }
    // Only an empty cgroup goes; dockerd tidies the rest of what it left.
    let _ = fs::remove_dir(&step.directory);
}

fn is_dockerd_seen() -> bool {
    let Ok(entries) = fs::read_dir("/proc") else {
        return false;
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .any(|pid| process(pid).is_some_and(|process| process.name == DOCKERD))
}

fn process(pid: i32) -> Option<Process> {
    let directory = Path::new("/proc").join(pid.to_string());
    parse(&fs::read_to_string(directory.join("stat")).ok()?)
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
    use std::collections::HashMap;

    use super::{Process, is_orphan, parse};

    #[test]
    fn a_step_with_a_dockerd_above_it_is_no_orphan() {
        let family: HashMap<i32, Process> = [
            (1, 0, "init"),
            (10, 1, "dockerd"),
            (11, 10, "runc"),
            (12, 11, "sh"),
            (13, 12, "dockerd"),
            (20, 1, "sh"),
            (21, 20, "cc1"),
            (30, 1, "runc"),
            (31, 30, "dockerd"),
            (32, 31, "sh"),
        ]
        .into_iter()
        .map(|(pid, parent, name)| {
            let name = name.to_owned();
            (pid, Process { parent, name })
        })
        .collect();
        let is_orphan = |processes: &[i32]| is_orphan(processes, &|pid| family.get(&pid).cloned());
        assert!(!is_orphan(&[12]));
        assert!(is_orphan(&[20, 21]));
        assert!(is_orphan(&[31, 32]), "a dockerd within does not save it");
        assert!(!is_orphan(&[21, 12]), "one that is waited for is enough");
        assert!(!is_orphan(&[]), "what has ended needs no end");
    }

    #[test]
    fn names_with_brackets_are_read() {
        let process = parse("7 (a) (b) x) S 3 7 7 0 -1\n").unwrap();
        assert_eq!((process.parent, process.name.as_str()), (3, "a) (b) x"));
        assert_eq!(parse("nonsense"), None);
    }
}
