//! One machine: a sandbox with a root of its own, and what is said there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use longshore_sandbox::roots::{self, System};
use longshore_sandbox::{Layer, Lifetime, Place, Sandbox, Setup, sweep};

use super::Release;

/// Where authorities are on a machine that trusts one which Debian does not ship.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What a command said, and how it ended.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its lines, of both streams.
    pub text: String,
    /// Whether it succeeded.
    pub is_success: bool,
}

impl Said {
    /// The text of a command that succeeded.
    pub fn done(self) -> String {
        assert!(self.is_success, "failed:\n{}", self.text);
        self.text
    }

    /// The text of a command that failed, with these words in it.
    pub fn refused(self, words: &str) -> String {
        assert!(!self.is_success, "it went well:\n{}", self.text);
        assert!(
            self.text.contains(words),
            "{words:?} is not in:\n{}",
            self.text
        );
        self.text
    }

    /// The rest of the line that begins with these words.
    pub fn after(&self, words: &str) -> String {
        let mut lines = self.text.lines().map(str::trim);
        let rest = lines.find_map(|line| line.strip_prefix(words));
        rest.unwrap_or_else(|| panic!("{words:?} is not in:\n{}", self.text))
            .trim()
            .to_owned()
    }
}

/// A machine; it ends, and all that it wrote goes, when this is dropped.
pub struct Machine {
    place: Place,
    sandbox: Sandbox,
    begun: Instant,
    aloud: bool,
    // Last: nobody else may remove what is not removed yet.
    _owned: fs::File,
}

impl Machine {
    /// What debootstrap makes of that system.
    pub fn pristine(system: System) -> Self {
        let root = root(system);
        Self::start(system, vec![root], Vec::new(), false)
    }

    /// The same with these packages, of which nothing runs; installed once and kept.
    pub fn with_packages(system: System, name: &str, packages: &[&str]) -> Self {
        let lower = layers(system, name, packages);
        Self::start(system, lower, Vec::new(), false)
    }

    /// A machine whose words are printed as they come, with these directories of ours.
    pub fn aloud(system: System, binds: Vec<(PathBuf, PathBuf)>) -> Self {
        let root = root(system);
        Self::start(system, vec![root], binds, true)
    }

    /// A machine in which this program is process 1.
    pub fn with_init(system: System, name: &str, packages: &[&str], init: &str) -> Self {
        let lower = layers(system, name, packages);
        Self::begin(
            system,
            Setup {
                root: Some(Layer {
                    lower,
                    writes: PathBuf::new(),
                }),
                init: vec![init.to_owned()],
                ..Setup::default()
            },
            false,
        )
    }

    fn start(
        system: System,
        lower: Vec<PathBuf>,
        binds: Vec<(PathBuf, PathBuf)>,
        aloud: bool,
    ) -> Self {
        let setup = Setup {
            root: Some(Layer {
                lower,
                writes: PathBuf::new(),
            }),
            binds,
            ..Setup::default()
        };
        Self::begin(system, setup, aloud)
    }

    fn begin(system: System, mut setup: Setup, aloud: bool) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let machines = cache().join("machines");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Test engines have numbers of processes of their own.
        let processes = fs::metadata("/proc/self/ns/pid")
            .expect("a namespace")
            .ino();
        let name = format!("{processes}-{}-{number}", std::process::id());
        let owned = own(&machines, &name);
        let state = machines.join(name);
        let place = Place::new(state.clone());
        if let Some(root) = &mut setup.root {
            root.writes = state.join("writes");
        }
        // Layers of Docker's do not lie on layers of ours.
        for directory in ["/var/lib/docker", "/var/lib/containerd"] {
            let own = state.join(directory.trim_start_matches("/var/lib/"));
            fs::create_dir_all(&own).expect("a folder");
            setup.binds.push((own, directory.into()));
        }
        // What was downloaded for one machine need not be downloaded for the next.
        let archives = cache().join("archives").join(system.suite());
        fs::create_dir_all(archives.join("partial")).expect("a folder");
        setup
            .binds
            .push((archives, "/var/cache/apt/archives".into()));
        "pristine".clone_into(&mut setup.hostname);
        let sandbox = Sandbox::start(&place, &setup, Lifetime::ThisThread).expect("a machine");
        Self {
            place,
            sandbox,
            begun: Instant::now(),
            aloud,
            _owned: owned,
        }
    }

    /// Runs a shell's script on it, as root.
    pub fn run(&self, script: &str) -> Said {
        self.run_with(&[], script)
    }

    /// What a script says that only looks; nobody needs to read it.
    pub fn ask(&self, script: &str) -> String {
        let output = self.command(&[], script).output().expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "failed:\n{text}");
        text
    }

    /// The same with these variables.
    pub fn run_with(&self, variables: &[(&str, &str)], script: &str) -> Said {
        self.tell(&format!("# {script}"));
        let mut child = self
            .command(variables, script)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let lines = BufReader::new(child.stdout.take().expect("its words")).lines();
        let mut text = String::new();
        for line in lines.map_while(Result::ok) {
            self.tell(&line);
            text.push_str(&line);
            text.push('\n');
        }
        let status = child.wait().expect("its end");
        Said {
            text,
            is_success: status.success(),
        }
    }

    /// The command of a script, with both streams as one.
    pub fn command(&self, variables: &[(&str, &str)], script: &str) -> Command {
        let mut command = self.sandbox.command(Path::new("/root"), "env");
        command
            .arg("-i")
            .arg("HOME=/root")
            .arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .arg("DEBIAN_FRONTEND=noninteractive");
        if has_private_authority() {
            command.arg(format!("PIP_CERT={CERTIFICATES}"));
        }
        command
            .args(
                variables
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            )
            .args(["bash", "-c", &format!("exec 2>&1\n{script}")]);
        command
    }

    /// `install.sh` of the release, through a pipe, with these arguments.
    pub fn install(&self, arguments: &str) -> Said {
        self.install_with(&[], arguments)
    }

    /// The same with these variables.
    pub fn install_with(&self, variables: &[(&str, &str)], arguments: &str) -> Said {
        let url = self.release_url();
        let own = [
            ("LONGSHORE_RELEASE_URL", url.as_str()),
            // Whether the disk under these tests is full is another's concern.
            ("LONGSHORE_DISK_FLOOR", "1MB"),
        ];
        let variables = [&own, variables].concat();
        // Every machine has `cat`; which of curl and wget is there is the installer's concern.
        fs::copy(
            Release::ready().folder().join("install.sh"),
            self.sandbox.path("/root/install.sh"),
        )
        .expect("the installer");
        self.run_with(
            &variables,
            &format!("cat install.sh | sh -s -- {arguments}"),
        )
    }

    /// Where the release is, as this machine sees it.
    pub fn release_url(&self) -> String {
        format!("http://{}:{}", self.gateway(), Release::ready().port())
    }

    /// A file of its.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.sandbox.path(inside)
    }

    /// Prints a line with its time, where people look on.
    pub fn tell(&self, line: &str) {
        if self.aloud {
            eprintln!("{:7.1} s  {line}", self.begun.elapsed().as_secs_f64());
        }
    }

    /// The address at which this machine is seen from inside: the default route, from the kernel.
    fn gateway(&self) -> String {
        let said = self.ask("cat /proc/net/route");
        let gateway = said
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|fields| fields.get(1) == Some(&"00000000"))
            .and_then(|fields| u32::from_str_radix(fields.get(2)?, 16).ok())
            .expect("a default route");
        std::net::Ipv4Addr::from(gateway.swap_bytes()).to_string()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Err(error) = sweep(&self.place) {
            eprintln!("a machine does not end: {error:#}");
        }
        let _ = fs::remove_dir_all(self.place.state());
    }
}

fn root(system: System) -> PathBuf {
    let _one_at_a_time = making();
    roots::pristine(system, &cache().join("roots")).expect("a root")
}

fn layers(system: System, name: &str, packages: &[&str]) -> Vec<PathBuf> {
    let _one_at_a_time = making();
    roots::with_packages(system, name, packages, &cache().join("roots")).expect("a root")
}

/// Held by the one that makes a root, among all tests on this machine.
fn making() -> fs::File {
    let roots = cache().join("roots");
    fs::create_dir_all(&roots).expect("a folder");
    locked(&roots.join("making.lock"))
}

/// Makes the place of a machine this process's own as long as the file is open, and removes what
/// killed processes left. Whether one lives is told by its lock: its number means nothing in
/// another test engine.
fn own(machines: &Path, name: &str) -> fs::File {
    fs::create_dir_all(machines).expect("a folder");
    let _one_at_a_time = locked(&machines.join("lock"));
    for entry in fs::read_dir(machines).expect("the folder").flatten() {
        if !entry.path().is_dir() {
            continue;
        }
        let Ok(owner) = fs::File::open(entry.path().join("owner")) else {
            continue;
        };
        if owner.try_lock().is_ok() {
            let _ = sweep(&Place::new(entry.path()));
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    fs::create_dir_all(machines.join(name)).expect("a folder");
    locked(&machines.join(name).join("owner"))
}

fn locked(path: &Path) -> fs::File {
    let file = fs::File::create(path).expect("a file");
    file.lock().expect("its lock");
    file
}

/// Longshore's folder in the user's cache.
fn cache() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map_or_else(|| PathBuf::from("/root/.cache"), PathBuf::from)
        .join("longshore")
}

fn has_private_authority() -> bool {
    fs::read_dir("/usr/local/share/ca-certificates").is_ok_and(|mut files| files.next().is_some())
}
