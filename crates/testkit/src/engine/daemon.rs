//! The test engine's dockerd as a process: to kill it and to have it back.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long dockerd may take to end, and to answer after its start.
const LIMIT: Duration = Duration::from_mins(2);

/// A dockerd that was killed.
pub struct Killed {
    command: Vec<String>,
}

/// Kills the test engine's dockerd as a crash would.
///
/// # Panics
/// When it does not run.
pub fn kill() -> Killed {
    super::require();
    let pid = process().expect("a dockerd");
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("its command line");
    let command = line.split_terminator('\0').map(str::to_owned).collect();
    let killed = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(killed.expect("kill").success());
    let start = Instant::now();
    while process() == Some(pid) {
        assert!(start.elapsed() < LIMIT, "dockerd does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    Killed { command }
}

impl Killed {
    /// Starts it again as it was, and waits until it answers.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn start_again(self) {
        // It serves the tests after this one too, so its log goes on.
        let mut arguments = self.command.iter();
        let config = arguments.find(|argument| *argument == "--config-file");
        let config = config.and_then(|_| arguments.next()).expect("its settings");
        let log = Path::new(config).with_file_name("dockerd.log");
        let log = File::options().append(true).open(log).expect("its log");
        let started = Command::new("setsid")
            .arg("--fork")
            .args(&self.command)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("its log"))
            .stderr(log)
            .status();
        assert!(started.expect("setsid").success());
        let start = Instant::now();
        loop {
            let answer = Command::new("docker").arg("version").output();
            if answer.is_ok_and(|answer| answer.status.success()) {
                return;
            }
            assert!(start.elapsed() < LIMIT, "dockerd does not come back");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The process of dockerd itself, not what it forks.
fn process() -> Option<u32> {
    let read = |pid: u32, file: &str| {
        fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
    };
    fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|&pid| {
            read(pid, "comm").trim() == "dockerd"
                && !read(pid, "cmdline").is_empty()
                && !read(pid, "cgroup").contains("buildkit")
        })
}
