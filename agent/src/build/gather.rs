//! Steps that Docker put elsewhere than in the builds' cgroup.
//!
//! With the cgroup driver `systemd`, BuildKit names a step's cgroup as systemd's driver would
//! write it, `system.slice:docker:<id>`, but asks runc for no systemd: a directory of this very
//! name comes up beside dockerd's own cgroup. Engines before version 23 do so with every step;
//! later ones where a frontend of an image, or a build that is not Longshore's, asked for nothing
//! else. The processes are moved as soon as they are seen. What a step did before, some
//! milliseconds, is not counted.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use inotify::{EventStream, Inotify, WatchMask};
use tokio::time::sleep;

use super::cgroup::{Cgroup, Step, processes};
use super::daemon;

/// What the name of a step's cgroup holds.
const MARK: &str = ":docker:";
/// How often a step is looked at again at once: its processes make others while they are moved.
const ATTEMPTS: u32 = 100;
/// The pause until a step that has just come up is looked at again; the kernel does not say when
/// the first process enters a cgroup.
const PAUSE: Duration = Duration::from_millis(2);
/// How long a step may take to get its first process.
const LIMIT: Duration = Duration::from_secs(30);

/// Brings the steps that are elsewhere; says whether one of them has no process yet. Blocking,
/// but short.
pub(super) fn gather(cgroup: &Cgroup) -> bool {
    cgroup.is_gathered() && bring_all(&places(cgroup), &cgroup.steps_directory())
}

/// Brings steps as they come up. Ends only when that is not needed, or not possible.
pub(super) async fn keep_gathering(cgroup: Cgroup) {
    if !cgroup.is_gathered() {
        return;
    }
    let places = places(&cgroup);
    let mut news = match watch(&places) {
        Ok(news) => news,
        Err(error) => {
            tracing::warn!(%error, "steps of builds that come up elsewhere are not seen at once");
            return;
        }
    };
    let home = cgroup.steps_directory();
    loop {
        let seen = Instant::now();
        while bring_all(&places, &home) && seen.elapsed() < LIMIT {
            sleep(PAUSE).await;
        }
        // That something came up is enough to know.
        if !matches!(news.next().await, Some(Ok(_))) {
            return;
        }
    }
}

/// Removes what is left of a step where it came up: its dockerd is not there to do so. Blocking.
pub(super) fn forget(cgroup: &Cgroup, step: &Step) {
    let name = step.directory.file_name();
    let Some(name) = name.filter(|name| is_marked(name)) else {
        return;
    };
    for place in places(cgroup) {
        let _ = fs::remove_dir(place.join(name));
    }
}

/// The cgroups that dockerds are in, and thus the steps beside them.
fn places(cgroup: &Cgroup) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = daemon::pids()
        .into_iter()
        .filter_map(daemon::cgroup_of_root)
        .filter_map(|own| Some(cgroup.root().join(own.parent()?)))
        .collect();
    places.sort();
    places.dedup();
    places
}

fn watch(places: &[PathBuf]) -> std::io::Result<EventStream<[u8; 4096]>> {
    let news = Inotify::init()?;
    for place in places {
        news.watches()
            .add(place, WatchMask::CREATE | WatchMask::ONLYDIR)?;
    }
    news.into_event_stream([0; 4096])
}

/// Whether one of the steps has no process yet.
fn bring_all(places: &[PathBuf], home: &Path) -> bool {
    for ended in marked(home) {
        // One with processes does not go.
        let _ = fs::remove_dir(ended);
    }
    let mut is_waiting = false;
    for step in places.iter().flat_map(|place| marked(place)) {
        let Some(name) = step.file_name() else {
            continue;
        };
        let own = home.join(name);
        bring(&step, &own);
        is_waiting |= step.exists() && processes(&own).is_empty();
    }
    is_waiting
}

fn bring(step: &Path, own: &Path) {
    for _ in 0..ATTEMPTS {
        let processes = processes(step);
        if processes.is_empty() {
            return;
        }
        // Another build may have removed it between its making and its first process.
        let _ = fs::create_dir_all(own);
        let mut is_moved = false;
        for pid in processes {
            // It may have ended by itself.
            is_moved |= fs::write(own.join("cgroup.procs"), pid.to_string()).is_ok();
        }
        if !is_moved {
            return;
        }
    }
}

/// The directories of steps that Docker named.
fn marked(place: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| is_marked(&entry.file_name()))
        .map(|entry| entry.path())
        .collect()
}

fn is_marked(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.contains(MARK))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::bring_all;

    #[test]
    fn only_what_docker_named_is_brought_and_a_step_without_processes_is_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let (place, home) = (root.path().join("system.slice"), root.path().join("home"));
        for (name, processes) in [("ssh.service", "7\n"), ("system.slice:docker:one", "41\n")] {
            fs::create_dir_all(place.join(name)).unwrap();
            fs::write(place.join(name).join("cgroup.procs"), processes).unwrap();
        }
        let places = [place.clone()];
        assert!(!bring_all(&places, &home));
        let moved = home.join("system.slice:docker:one/cgroup.procs");
        assert_eq!(fs::read_to_string(moved).unwrap(), "41");
        assert!(!home.join("ssh.service").exists());

        let new = place.join("system.slice:docker:two");
        fs::create_dir(&new).unwrap();
        assert!(bring_all(&places, &home));
        fs::remove_dir(new).unwrap();
        assert!(!bring_all(&places, &home));
    }

    #[test]
    fn what_was_brought_goes_when_it_has_ended() {
        let root = tempfile::tempdir().unwrap();
        let ended = root.path().join("system.slice:docker:one");
        let other = root.path().join("two");
        fs::create_dir(&ended).unwrap();
        fs::create_dir(&other).unwrap();
        bring_all(&[], root.path());
        assert!(!ended.exists());
        assert!(other.exists(), "that is runc's to remove");
    }
}
