//! Steps of builds that nobody waits for any more.
//!
//! When dockerd is killed, the processes of its builds go on: they use cores, memory and
//! disk for nothing, and no restart of dockerd takes them up. A step belongs to a living
//! build as long as one of its processes' ancestors is a dockerd.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::cgroup::{Cgroup, Step};
use super::daemon::{self, DOCKERD, Process, process};
use super::gather;

/// How long to wait before a step is looked at again: a process between two parents is
/// no orphan.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a step is killed: its processes may make new ones while it is done.
const ATTEMPTS: u32 = 20;
/// More ancestors than any process has.
const DEPTH: usize = 64;

/// Ends the steps that no dockerd waits for; says how many there were. Does nothing where
/// no dockerd is seen at all: then nothing can be told apart. Blocking.
pub(super) fn end(cgroup: &Cgroup) -> usize {
    let suspects = orphans(cgroup.steps());
    if suspects.is_empty() || daemon::pids().is_empty() {
        return 0;
    }
    sleep(PAUSE);
    let orphans = orphans(suspects);
    for step in &orphans {
        kill(step);
        gather::forget(cgroup, step);
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Process, is_orphan};

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
}
