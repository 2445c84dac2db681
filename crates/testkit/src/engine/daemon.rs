//! The test engine's dockerd as a process: to kill it and to have it back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long dockerd may take to end, and to answer after its start.
const LIMIT: Duration = Duration::from_mins(2);

/// How long its containerd may take to end with it. A dockerd that comes while it is ending takes
/// it for one that runs, and gives up.
const CONTAINERD_LIMIT: Duration = Duration::from_secs(10);
/// The pause before a dockerd that gave up is started again, as systemd does.
const RESTART: Duration = Duration::from_secs(2);

/// A dockerd that was killed.
pub struct Killed {
    /// The script that it was started with.
    script: PathBuf,
}

/// Kills the test engine's dockerd as a crash would.
///
/// # Panics
/// When it does not run.
pub fn kill() -> Killed {
    super::require();
    let pid = process().expect("a dockerd");
    let containerd = processes("containerd");
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("its command line");
    let mut arguments = line.split_terminator('\0');
    let settings = arguments.find(|argument| *argument == "--config-file");
    let settings = settings
        .and_then(|_| arguments.next())
        .expect("its settings");
    let script = Path::new(settings).with_file_name("dockerd.sh");
    let killed = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(killed.expect("kill").success());
    let start = Instant::now();
    while process() == Some(pid) {
        assert!(start.elapsed() < LIMIT, "dockerd does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    let is_there = |pid: &u32| Path::new("/proc").join(pid.to_string()).exists();
    let start = Instant::now();
    while containerd.iter().any(is_there) && start.elapsed() < CONTAINERD_LIMIT {
        std::thread::sleep(Duration::from_millis(20));
    }
    Killed { script }
}

impl Killed {
    /// The file with its settings. They are the engine's for good: put back what was there.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.script.with_file_name("daemon.json")
    }

    /// Starts it again as it was, and waits until it answers.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn start_again(self) {
        let start = Instant::now();
        let mut begun = start;
        self.begin();
        loop {
            let answer = Command::new("docker").arg("version").output();
            if answer.is_ok_and(|answer| answer.status.success()) {
                return;
            }
            assert!(start.elapsed() < LIMIT, "dockerd does not come back");
            if begun.elapsed() > RESTART && process().is_none() {
                begun = Instant::now();
                self.begin();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Its log goes on: it serves the tests after this one too.
    fn begin(&self) {
        let started = Command::new("setsid")
            .args(["--fork", "bash"])
            .arg(&self.script)
            .status();
        assert!(started.expect("setsid").success());
    }
}

/// The process of dockerd itself, not what it forks.
fn process() -> Option<u32> {
    let is_build = |pid: &u32| {
        let cgroup = read(*pid, "cgroup");
        // As the cgroup driver `systemd` names a step's.
        cgroup.contains("buildkit") || cgroup.contains(":docker:")
    };
    processes("dockerd").into_iter().find(|pid| !is_build(pid))
}

/// The processes of a program that have not ended.
fn processes(program: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&pid| read(pid, "comm").trim() == program && !read(pid, "cmdline").is_empty())
        .collect()
}

fn read(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
}
