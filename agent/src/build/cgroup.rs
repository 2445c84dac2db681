//! The cgroup that holds the steps of all builds, and its limits.
//!
//! With Docker's cgroup driver `cgroupfs` that is `docker/buildkit`, where BuildKit puts every
//! step by itself. With the driver `systemd` BuildKit gives each step a cgroup beside dockerd's
//! own, and all that they have in common they share with the machine's services. Therefore
//! Longshore has a cgroup of its own then: engines from version 23 on heed a build's
//! `cgroupparent`, and what comes up elsewhere is brought there (`gather.rs`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where cgroups are.
const ROOT: &str = "/sys/fs/cgroup";
/// Docker's cgroup, with the driver `cgroupfs`.
const DOCKER: &str = "docker";
/// What BuildKit calls the cgroup that it makes in the one that a build asks for.
const BUILDKIT: &str = "buildkit";
/// The time over which the use of cores is counted, in microseconds.
const PERIOD: u64 = 100_000;
/// The builds' weight against one container when both want the same core; containers
/// have 1024 in the first version of cgroups and 100 in the second.
const SHARES: u64 = 256;
const WEIGHT: u64 = 25;
/// Swap for all builds, in bytes: next to nothing, yet enough that the limit of the memory
/// is hit first. Newer kernels do not count the hits of the other one.
const SWAP: u64 = 4 * 1024 * 1024;
/// Limits of memory are whole pages.
const PAGE: u64 = 4096;

/// What all builds together may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Thousandths of a core.
    pub cpu_millis: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// One step of a build at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) directory: PathBuf,
}

impl Step {
    /// Its processes, of which the kernel may hide some from another namespace. Blocking.
    pub(super) fn processes(&self) -> Vec<i32> {
        processes(&self.directory)
    }
}

/// The processes of a cgroup. Blocking.
pub(super) fn processes(directory: &Path) -> Vec<i32> {
    let text = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.trim().parse().ok())
        .filter(|pid| *pid > 1)
        .collect()
}

/// The cgroup of all builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    root: PathBuf,
    /// The one that it is in.
    parent: String,
    /// Whether Docker puts steps elsewhere.
    is_own: bool,
}

impl Cgroup {
    /// The one of a Docker with the driver `cgroupfs`: Docker's own.
    pub fn docker() -> Self {
        Self {
            root: ROOT.into(),
            parent: DOCKER.to_owned(),
            is_own: false,
        }
    }

    /// The one of a Docker with another driver: this instance's.
    pub fn of_instance(instance: &str) -> Self {
        Self {
            root: ROOT.into(),
            parent: instance.to_owned(),
            is_own: true,
        }
    }

    /// The same below another root than the machine's.
    #[must_use]
    pub fn below(self, root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            ..self
        }
    }

    /// What builds ask for as their `cgroupparent`. Engines before version 23 do not heed it; for
    /// the others it holds whatever their own settings say.
    pub(super) fn parent(&self) -> &str {
        &self.parent
    }

    /// Whether steps can come up elsewhere and be brought here: processes change their cgroup in
    /// one move where there is one hierarchy.
    pub(super) fn is_gathered(&self) -> bool {
        self.is_own && self.is_unified()
    }

    /// Where all cgroups are.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn builds(&self) -> PathBuf {
        Path::new(&self.parent).join(BUILDKIT)
    }

    /// Sets the limits, also before the first build has made the cgroup. Blocking.
    ///
    /// # Errors
    /// When one cannot be set; the others are set all the same.
    pub fn limit(&self, limits: &Limits) -> io::Result<()> {
        if self.is_unified() {
            self.limit_unified(limits)
        } else {
            self.limit_split(limits)
        }
    }

    /// The second version: one hierarchy, whose controllers each level must hand on.
    fn limit_unified(&self, limits: &Limits) -> io::Result<()> {
        let directory = self.root.join(self.builds());
        fs::create_dir_all(&directory)?;
        for parent in [self.root.clone(), self.root.join(&self.parent)] {
            let file = parent.join("cgroup.subtree_control");
            let handed_on = fs::read_to_string(&file).unwrap_or_default();
            for controller in ["memory", "cpu", "pids"] {
                if !handed_on.split_whitespace().any(|name| name == controller) {
                    // What is missing shows when its limit is set.
                    let _ = fs::write(&file, format!("+{controller}"));
                }
            }
        }
        let memory = limits.memory_bytes / PAGE * PAGE;
        let quota = (limits.cpu_millis * PERIOD / 1000).max(1000);
        // Not every kernel counts swap, and weights are a kindness.
        let _ = set(&directory.join("memory.swap.max"), "0");
        let _ = set(&directory.join("cpu.weight"), &WEIGHT.to_string());
        all([
            set(&directory.join("memory.max"), &memory.to_string()),
            set(&directory.join("cpu.max"), &format!("{quota} {PERIOD}")),
            set(&directory.join("pids.max"), &limits.pids.to_string()),
        ])
    }

    /// The first version: one hierarchy for each controller.
    fn limit_split(&self, limits: &Limits) -> io::Result<()> {
        let of = |controller: &str| -> io::Result<PathBuf> {
            let hierarchy = self.root.join(controller);
            if !hierarchy.is_dir() {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("there is no cgroup hierarchy {controller}"),
                ));
            }
            let directory = hierarchy.join(self.builds());
            fs::create_dir_all(&directory)?;
            Ok(directory)
        };
        let memory = of("memory").and_then(|directory| {
            let bytes = limits.memory_bytes / PAGE * PAGE;
            // The limit with swap must never be the lower one: which goes first depends
            // on whether they rise or fall.
            let with_swap = directory.join("memory.memsw.limit_in_bytes");
            let bytes_with_swap = bytes.saturating_add(SWAP).to_string();
            let _ = set(&with_swap, &bytes_with_swap);
            let result = set(&directory.join("memory.limit_in_bytes"), &bytes.to_string());
            let _ = set(&with_swap, &bytes_with_swap);
            result
        });
        let cpu = of("cpu").and_then(|directory| {
            let quota = (limits.cpu_millis * PERIOD / 1000).max(1000);
            let _ = set(&directory.join("cpu.shares"), &SHARES.to_string());
            all([
                set(&directory.join("cpu.cfs_period_us"), &PERIOD.to_string()),
                set(&directory.join("cpu.cfs_quota_us"), &quota.to_string()),
            ])
        });
        let pids = of("pids")
            .and_then(|directory| set(&directory.join("pids.max"), &limits.pids.to_string()));
        all([memory, cpu, pids])
    }

    /// The limit of the memory in bytes, when there is one. Blocking.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        let file = if self.is_unified() {
            "memory.max"
        } else {
            "memory.limit_in_bytes"
        };
        let text = fs::read_to_string(self.memory_directory().join(file)).ok()?;
        // Without a limit the first version says a number near the largest.
        text.trim().parse().ok().filter(|bytes| *bytes < 1 << 60)
    }

    /// Where the counters of memory are.
    pub(super) fn memory_directory(&self) -> PathBuf {
        if self.is_unified() {
            self.root.join(self.builds())
        } else {
            self.root.join("memory").join(self.builds())
        }
    }

    /// Where the steps' own cgroups are.
    pub(super) fn steps_directory(&self) -> PathBuf {
        if self.is_unified() {
            self.root.join(self.builds())
        } else {
            self.root.join("pids").join(self.builds())
        }
    }

    /// The steps that have processes now. Blocking.
    pub(super) fn steps(&self) -> Vec<Step> {
        let Ok(entries) = fs::read_dir(self.steps_directory()) else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| Step {
                directory: entry.path(),
            })
            .filter(|step| !step.processes().is_empty())
            .collect()
    }

    pub(super) fn is_unified(&self) -> bool {
        self.root.join("cgroup.controllers").is_file()
    }
}

/// Writes a value where it is not that already.
fn set(file: &Path, value: &str) -> io::Result<()> {
    if fs::read_to_string(file).is_ok_and(|now| now.trim() == value) {
        return Ok(());
    }
    fs::write(file, value).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("{} of {value}: {error}", file.display()),
        )
    })
}

fn all(results: impl IntoIterator<Item = io::Result<()>>) -> io::Result<()> {
    results.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Cgroup, Limits};

    const LIMITS: Limits = Limits {
        memory_bytes: 1_000_000_000,
        cpu_millis: 1500,
        pids: 4096,
    };

    fn text(root: &Path, file: &str) -> String {
        fs::read_to_string(root.join(file)).unwrap()
    }

    #[test]
    fn limits_are_set_in_each_hierarchy_of_the_first_version() {
        let root = tempfile::tempdir().unwrap();
        for controller in ["memory", "cpu", "pids"] {
            fs::create_dir(root.path().join(controller)).unwrap();
        }
        let cgroup = Cgroup::docker().below(root.path());
        assert_eq!(cgroup.memory_limit(), None);
        cgroup.limit(&LIMITS).unwrap();
        let memory = text(root.path(), "memory/docker/buildkit/memory.limit_in_bytes");
        assert_eq!(memory, "999997440");
        let swap = "memory/docker/buildkit/memory.memsw.limit_in_bytes";
        assert_eq!(text(root.path(), swap), "1004191744");
        let cpu = Path::new("cpu/docker/buildkit");
        assert_eq!(text(&root.path().join(cpu), "cpu.cfs_quota_us"), "150000");
        assert_eq!(text(&root.path().join(cpu), "cpu.cfs_period_us"), "100000");
        assert_eq!(text(root.path(), "pids/docker/buildkit/pids.max"), "4096");
        assert_eq!(cgroup.memory_limit(), Some(999_997_440));
    }

    #[test]
    fn limits_are_set_in_the_one_hierarchy_of_the_second_version() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("cgroup.controllers"), "memory cpu pids").unwrap();
        let cgroup = Cgroup::docker().below(root.path());
        cgroup.limit(&LIMITS).unwrap();
        let builds = root.path().join("docker/buildkit");
        assert_eq!(text(&builds, "memory.max"), "999997440");
        assert_eq!(text(&builds, "memory.swap.max"), "0");
        assert_eq!(text(&builds, "cpu.max"), "150000 100000");
        assert_eq!(text(&builds, "pids.max"), "4096");
        fs::write(builds.join("memory.max"), "max\n").unwrap();
        assert_eq!(cgroup.memory_limit(), None);
    }

    #[test]
    fn an_instance_has_a_cgroup_of_its_own_with_the_same_limits() {
        let root = tempfile::tempdir().unwrap();
        let cgroup = Cgroup::of_instance("longshore").below(root.path());
        assert!(!cgroup.is_gathered(), "the first version has no one move");
        fs::write(root.path().join("cgroup.controllers"), "memory cpu pids").unwrap();
        assert!(cgroup.is_gathered());
        cgroup.limit(&LIMITS).unwrap();
        let builds = root.path().join("longshore/buildkit");
        assert_eq!(text(&builds, "pids.max"), "4096");
        assert_eq!(cgroup.memory_limit(), Some(999_997_440));
        let control = "longshore/cgroup.subtree_control";
        assert!(!text(root.path(), control).is_empty());
    }

    #[test]
    fn a_missing_hierarchy_does_not_keep_the_others_from_their_limits() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("pids")).unwrap();
        let error = Cgroup::docker()
            .below(root.path())
            .limit(&LIMITS)
            .unwrap_err();
        assert!(error.to_string().contains("memory"), "{error}");
        assert_eq!(text(root.path(), "pids/docker/buildkit/pids.max"), "4096");
    }

    #[test]
    fn steps_are_those_with_processes() {
        let root = tempfile::tempdir().unwrap();
        let builds = root.path().join("pids/docker/buildkit");
        for (step, processes) in [("one", "41\n42\n"), ("ended", ""), ("hidden", "0\n")] {
            fs::create_dir_all(builds.join(step)).unwrap();
            fs::write(builds.join(step).join("cgroup.procs"), processes).unwrap();
        }
        let steps = Cgroup::docker().below(root.path()).steps();
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].processes(), [41, 42]);
    }
}
