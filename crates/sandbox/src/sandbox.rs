//! The sandbox's processes.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{Place, Setup, cgroups, network, process};

/// How long each step of its start, and its end, may take on a busy machine.
const STEP_LIMIT: Duration = Duration::from_secs(30);

/// Joins the sandbox's cgroups, then becomes the command.
const ENTER: &str = r#"
for procs in /sys/fs/cgroup/*/cgroup.procs; do
  case $procs in */init/*) ;; *) echo $$ 2>/dev/null >"$procs" || true ;; esac
done
if [ -d /sys/fs/cgroup/init ]; then echo $$ >/sys/fs/cgroup/init/cgroup.procs; fi
cd "$1" && shift && exec "$@"
"#;

/// Stays, and reaps what loses its parent.
const WAIT: [&str; 3] = [
    "/bin/bash",
    "-c",
    "while :; do sleep 1000 & wait $! || true; done",
];

/// Who ends a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// [`sweep`], by whichever process.
    UntilSwept,
    /// The thread that started it: also when its process is killed.
    ThisThread,
}

/// A running sandbox. It is not ended when this is dropped: see [`sweep`].
#[derive(Debug)]
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
        let first = child_of(outer.pid).context("the sandbox is starting or stopping")?;
        Ok(Some(Self { outer, first }))
    }

    /// Makes the namespaces, the mounts and the network, and waits until they are there.
    ///
    /// # Errors
    /// When this is not root, or something that it needs is missing; with what its scripts said.
    pub fn start(place: &Place, setup: &Setup, lifetime: Lifetime) -> anyhow::Result<Self> {
        let state = place.state();
        fs::create_dir_all(state)?;
        let mut binds = String::new();
        for (source, target) in &setup.binds {
            writeln!(binds, "{}\t{}", source.display(), target.display())?;
        }
        let mut hidden = String::new();
        for directory in &setup.hidden {
            writeln!(hidden, "{}", directory.display())?;
        }
        for (name, text) in [
            ("outside.sh", include_str!("outside.sh")),
            ("init.sh", include_str!("init.sh")),
            ("resolv.conf", &network::resolver()?),
            ("binds", &binds),
            ("hidden", &hidden),
            ("ready", ""),
        ] {
            fs::write(state.join(name), text)?;
        }
        let log = fs::File::create(state.join("sandbox.log"))?;

        let mut outer = match lifetime {
            Lifetime::UntilSwept => Command::new("setsid"),
            Lifetime::ThisThread => {
                let mut dies_with_us = Command::new("setpriv");
                dies_with_us.args(["--pdeathsig", "KILL"]);
                dies_with_us
            }
        };
        let lower: Vec<String> = setup
            .root
            .iter()
            .flat_map(|root| &root.lower)
            .map(|path| path.display().to_string())
            .collect();
        let writes = setup.root.as_ref().map(|root| root.writes.clone());
        outer
            .arg("bash")
            .arg(state.join("outside.sh"))
            .arg(place.cgroup())
            .arg(state.join("init.sh"))
            .arg(state)
            .arg(lower.join(":"))
            .arg(writes.unwrap_or_default())
            .arg(&setup.hostname)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        if setup.init.is_empty() {
            outer.args(WAIT);
        } else {
            outer.args(&setup.init);
        }
        if lifetime == Lifetime::ThisThread {
            outer.process_group(0);
        }
        let mut child = outer.spawn().context("cannot start the sandbox")?;
        let outer = ProcessId::of(child.id()).context("the sandbox ended at once")?;
        fs::write(
            state.join("sandbox.pid"),
            format!("{} {}", outer.pid, outer.started),
        )?;

        let start = Instant::now();
        let mut until = |what: &dyn Fn() -> Option<u32>| loop {
            if let Some(found) = what() {
                return Ok(found);
            }
            if start.elapsed() > STEP_LIMIT || child.try_wait()?.is_some() {
                let log = fs::read_to_string(state.join("sandbox.log"))?;
                bail!("the sandbox does not start: {log}");
            }
            sleep(Duration::from_millis(10));
        };
        let first = until(&|| child_of(outer.pid).filter(|_| is_unshare(outer.pid)))?;
        network::join(place, first)?;
        let is_ready = || fs::metadata(state.join("ready")).is_ok_and(|file| file.len() > 0);
        until(&|| is_ready().then_some(first))?;
        // Reaped in the background, so that its end is seen.
        std::thread::spawn(move || child.wait());
        Ok(Self { outer, first })
    }

    /// Whether its processes live.
    pub fn is_alive(&self) -> bool {
        self.outer.is_alive()
    }

    /// A path inside, as seen from outside.
    pub fn path(&self, inside: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.first.to_string())
            .join("root")
            .join(inside.trim_start_matches('/'))
    }

    /// A command that runs inside, in that directory, with the environment of this process.
    pub fn command(&self, directory: &Path, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.first.to_string()])
            .args(["--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup"])
            .args(["--", "bash", "-c", ENTER, "enter"])
            .arg(directory)
            .arg(program);
        command
    }
}

/// Ends the sandbox recorded there, if it lives, and removes what it left in this machine:
/// addresses, rules, cgroups. The state directory stays.
pub fn sweep(place: &Place) -> anyhow::Result<()> {
    if let Some(outer) = recorded(place).filter(ProcessId::is_alive) {
        stop(&outer)?;
    }
    let _ = fs::remove_file(place.state().join("sandbox.pid"));
    network::leave(place)?;
    cgroups::remove(&place.cgroup());
    Ok(())
}

/// Ends the outer process, and the kernel ends all the others.
fn stop(outer: &ProcessId) -> anyhow::Result<()> {
    process::output(Command::new("kill").args(["-KILL", &outer.pid.to_string()]))?;
    let start = Instant::now();
    while outer.is_alive() && start.elapsed() < STEP_LIMIT {
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A process that is known again even when its number was given to another: number and start time.
#[derive(Debug)]
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
