//! The sandbox's processes.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::{Lifetime, Place, network};
use crate::{process, workspace};

/// How long the sandbox's first process may take to appear, and its last one to go.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// Joins the sandbox's cgroups, then becomes the command.
const ENTER: &str = r#"
for procs in /sys/fs/cgroup/*/cgroup.procs; do
  case $procs in */init/*) ;; *) echo $$ 2>/dev/null >"$procs" || true ;; esac
done
if [ -d /sys/fs/cgroup/init ]; then echo $$ >/sys/fs/cgroup/init/cgroup.procs; fi
cd "$1" && shift && exec "$@"
"#;

/// A process that is known again even when its number was given to another: number and start time.
struct ProcessId {
    pid: u32,
    started: String,
}

impl ProcessId {
    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Counted after the program's name, which may hold spaces: the state is field 3.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if fields.first() == Some(&"Z") {
            return None;
        }
        Some(Self {
            pid,
            started: (*fields.get(19)?).to_owned(),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let (pid, started) = text.trim().split_once(' ')?;
        Some(Self {
            pid: pid.parse().ok()?,
            started: started.to_owned(),
        })
    }

    fn is_alive(&self) -> bool {
        Self::of(self.pid).is_some_and(|now| now.started == self.started)
    }
}

/// A running sandbox.
pub struct Sandbox {
    outer: ProcessId,
    first: u32,
}

impl Sandbox {
    /// The sandbox that runs there now, if there is one.
    pub fn running(place: &Place) -> anyhow::Result<Option<Self>> {
        let Some(outer) = recorded(place).filter(ProcessId::is_alive) else {
            return Ok(None);
        };
        let first = child_of(outer.pid).context("the test engine is starting or stopping")?;
        Ok(Some(Self { outer, first }))
    }

    /// Starts the namespaces, their network and dockerd; does not wait for dockerd.
    pub fn start(place: &Place, lifetime: Lifetime) -> anyhow::Result<Self> {
        let state = place.state();
        let data = state.join("docker");
        fs::create_dir_all(&data)?;
        for (name, text) in [
            ("outside.sh", include_str!("outside.sh")),
            ("init.sh", include_str!("init.sh")),
            ("daemon.json", "{}\n"),
            ("dockerd.log", ""),
        ] {
            fs::write(state.join(name), text)?;
        }
        fs::write(state.join("resolv.conf"), network::resolver()?)?;
        let _ = fs::remove_file(state.join("network"));
        let log = fs::File::create(state.join("sandbox.log"))?;

        let mut outer = match lifetime {
            Lifetime::UntilDown => Command::new("setsid"),
            Lifetime::ThisProcess => {
                let mut dies_with_us = Command::new("setpriv");
                dies_with_us.args(["--pdeathsig", "KILL"]);
                dies_with_us
            }
        };
        outer
            .arg("bash")
            .arg(state.join("outside.sh"))
            .args([state, &data, &state.join("init.sh")])
            .arg(place.cgroup())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if lifetime == Lifetime::ThisProcess {
            outer.process_group(0);
        }
        let mut child = outer.spawn().context("cannot start the sandbox")?;
        let outer = ProcessId::of(child.id()).context("the sandbox ended at once")?;
        fs::write(
            state.join("sandbox.pid"),
            format!("{} {}", outer.pid, outer.started),
        )?;

        let start = Instant::now();
        let first = loop {
            if let Some(first) = child_of(outer.pid).filter(|_| is_unshare(outer.pid)) {
                break first;
            }
            if start.elapsed() > STEP_LIMIT || child.try_wait()?.is_some() {
                let log = fs::read_to_string(state.join("sandbox.log"))?;
                bail!("the sandbox of the test engine does not start: {log}");
            }
            sleep(Duration::from_millis(20));
        };
        // Reaped in the background, so that its end is seen.
        std::thread::spawn(move || child.wait());
        network::join(place, first)?;
        Ok(Self { outer, first })
    }

    /// Whether its processes live.
    pub fn is_alive(&self) -> bool {
        self.outer.is_alive()
    }

    /// The address of its Docker socket as seen from outside.
    pub fn docker_host(&self) -> String {
        format!("unix:///proc/{}/root/run/docker.sock", self.first)
    }

    /// A command that runs inside, in the workspace's root.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.first.to_string()])
            .args(["--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup"])
            .args(["--", "bash", "-c", ENTER, "enter"])
            .arg(workspace::root())
            .arg(program)
            .env_remove("DOCKER_HOST");
        process::forget_this_package(&mut command);
        command
    }
}

/// Ends the sandbox recorded there, if it lives, and removes what it left: addresses, rules,
/// cgroups.
pub fn sweep(place: &Place) -> anyhow::Result<()> {
    if let Some(outer) = recorded(place).filter(ProcessId::is_alive) {
        stop(&outer)?;
    }
    let _ = fs::remove_file(place.state().join("sandbox.pid"));
    network::leave(place)?;
    remove_cgroups(&place.cgroup());
    Ok(())
}

/// Gives the containers a moment, then ends the outer process, and the kernel ends all the others.
fn stop(outer: &ProcessId) -> anyhow::Result<()> {
    process::output(Command::new("kill").args(["-KILL", &outer.pid.to_string()]))?;
    let start = Instant::now();
    while outer.is_alive() && start.elapsed() < STEP_LIMIT {
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn recorded(place: &Place) -> Option<ProcessId> {
    ProcessId::parse(&fs::read_to_string(place.state().join("sandbox.pid")).ok()?)
}

fn child_of(pid: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    children
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
}

/// The outer process becomes `unshare`; only then is its child the sandbox's first process.
fn is_unshare(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "unshare")
}

fn remove_cgroups(name: &str) {
    let Ok(mounts) = fs::read_to_string("/proc/mounts") else {
        return;
    };
    for line in mounts.lines() {
        let mut fields = line.split_whitespace().skip(1);
        if let (Some(mount), Some("cgroup" | "cgroup2")) = (fields.next(), fields.next()) {
            remove_tree(&Path::new(mount).join(name));
        }
    }
}

/// Cgroups go by `rmdir`, the innermost first.
fn remove_tree(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        remove_tree(&entry.path());
    }
    let _ = fs::remove_dir(folder);
}
