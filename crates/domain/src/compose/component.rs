//! A component as it runs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ComponentName;
use crate::run::Port;
use crate::{HostPath, ImageRef, RelativePath, VolumeName};

/// A component as it runs: what the file says in a form that leaves nothing open. It may
/// hold secrets and is neither stored nor sent; it is serialised to be compared only.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Component {
    /// Its name.
    pub name: ComponentName,
    /// The image that it runs, when none is built.
    pub image: Option<ImageRef>,
    /// How its image is built.
    pub build: Option<ComponentBuild>,
    /// Whether the registry is asked at each deployment.
    pub pull_always: bool,
    /// Its variables, byte for byte; one without a value takes the image's away.
    pub environment: BTreeMap<String, Option<String>>,
    /// Overrides the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// Overrides the image's command.
    pub command: Option<Vec<String>>,
    /// What must be there before it starts.
    #[serde(skip)]
    pub depends_on: Vec<Dependency>,
    /// Its health check; the image's own when absent.
    pub health: Option<ComponentHealth>,
    /// What is mounted.
    pub mounts: Vec<ComponentMount>,
    /// Files with a text of their own.
    pub files: Vec<ComponentFile>,
    /// Containers.
    pub replicas: u32,
    /// Limits and reservations.
    pub resources: Resources,
    /// What happens at a container's end.
    pub restart: Restart,
    /// Whether it runs once to its end, for others wait for that.
    pub runs_once: bool,
    /// How much of the output is kept.
    pub log: Log,
    /// Further lines of `/etc/hosts`: name and address, which may be `host-gateway`.
    pub hosts: Vec<(String, String)>,
    /// Whether Docker's init is its first process.
    pub init: bool,
    /// Whether it has a terminal.
    pub tty: bool,
    /// Whether its standard input stays open.
    pub stdin_open: bool,
    /// Whether its root file system is read-only.
    pub read_only: bool,
    /// Limits of its processes.
    pub ulimits: Vec<Ulimit>,
    /// The user that it runs as.
    pub user: Option<String>,
    /// Further groups of that user.
    pub groups: Vec<String>,
    /// Its working directory.
    pub working_dir: Option<String>,
    /// The name that the container has for itself.
    pub hostname: Option<String>,
    /// Labels of the container.
    pub labels: BTreeMap<String, String>,
    /// The signal that ends it.
    pub stop_signal: Option<String>,
    /// Seconds between that signal and SIGKILL.
    pub stop_grace_seconds: u32,
    /// Settings of its own part of the kernel.
    pub sysctls: BTreeMap<String, String>,
    /// Capabilities beside Docker's usual ones.
    pub cap_add: Vec<String>,
    /// Capabilities that it does without.
    pub cap_drop: Vec<String>,
    /// Name servers.
    pub dns: Vec<String>,
    /// Domains that names are looked up in.
    pub dns_search: Vec<String>,
    /// Options of the resolver.
    pub dns_options: Vec<String>,
    /// Further host names within the stack.
    pub aliases: Vec<String>,
    /// Whether the file names a port, so that a domain may lead to it.
    pub takes_requests: bool,
    /// The port that the file names first.
    #[serde(skip)]
    pub port: Option<Port>,
    /// Whether a new version starts beside the old one, when the file says so.
    #[serde(skip)]
    pub start_first: Option<bool>,
}

impl std::fmt::Debug for Component {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Component")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Component {
    /// Whether a new version may run beside the old one: when it writes no volume, or the
    /// file says that it may. What answers visitors may write directories such as `./logs`
    /// together with the version before; a database is nothing that visitors reach.
    pub fn may_overlap(&self, has_domain: bool) -> bool {
        let writes = self.mounts.iter().any(|mount| match mount {
            ComponentMount::Volume {
                read_only,
                is_stand_in,
                ..
            } => !(*read_only || *is_stand_in && has_domain),
            ComponentMount::Host { read_only, .. } => !read_only,
            ComponentMount::Anonymous { .. }
            | ComponentMount::Tmpfs { .. }
            | ComponentMount::Checkout { .. } => false,
        });
        self.start_first.unwrap_or(!writes)
    }

    /// Whether its end without an error is no trouble.
    pub fn may_end(&self) -> bool {
        match self.restart {
            Restart::Never | Restart::OnFailure { .. } => true,
            Restart::Always { .. } => false,
        }
    }

    /// Its named volumes.
    pub fn volumes(&self) -> Vec<VolumeName> {
        let mut names: Vec<VolumeName> = self
            .mounts
            .iter()
            .filter_map(|mount| match mount {
                ComponentMount::Volume { name, .. } => Some(name.clone()),
                ComponentMount::Anonymous { .. }
                | ComponentMount::Tmpfs { .. }
                | ComponentMount::Checkout { .. }
                | ComponentMount::Host { .. } => None,
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// How a component's image is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentBuild {
    /// The folder that is sent to the build.
    pub context: RelativePath,
    /// The Dockerfile, from the checkout's root.
    pub dockerfile: RelativePath,
    /// The stage.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// Build secrets: their ids and the variables that hold them.
    pub secrets: BTreeMap<String, String>,
    /// Whether every step runs anew.
    pub no_cache: bool,
}

/// What a component waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Another component.
    pub name: ComponentName,
    /// What it must have reached.
    pub condition: Condition,
    /// Whether the component does not start without it.
    pub required: bool,
}

/// What a component must have reached for others to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Its containers run.
    Started,
    /// Its health check has passed.
    Healthy,
    /// It has ended well.
    Completed,
}

/// A health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ComponentHealth {
    /// None, not even the image's own.
    Disabled,
    /// A command.
    Test {
        /// As Docker takes it: `CMD` or `CMD-SHELL` first; the image's own when empty.
        test: Vec<String>,
        /// Nanoseconds between two checks.
        interval: Option<i64>,
        /// Nanoseconds until a check counts as failed.
        timeout: Option<i64>,
        /// Nanoseconds in which failures do not count.
        start_period: Option<i64>,
        /// Nanoseconds between two checks in that time.
        start_interval: Option<i64>,
        /// Failures in a row that count.
        retries: Option<i64>,
    },
}

/// What is mounted into a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum ComponentMount {
    /// A volume of the stack.
    Volume {
        /// Its name within the stack.
        name: VolumeName,
        /// The directory in the container.
        target: String,
        /// Whether it may only be read.
        read_only: bool,
        /// Whether the image's files are left out of a new volume.
        no_copy: bool,
        /// Whether it stands in for a directory of the repository that has no files.
        is_stand_in: bool,
    },
    /// A volume of one container, gone with it.
    Anonymous {
        /// The directory in the container.
        target: String,
    },
    /// Memory.
    Tmpfs {
        /// The directory in the container.
        target: String,
        /// Its size in bytes.
        size: Option<i64>,
        /// Its mode.
        mode: Option<u32>,
    },
    /// A file or directory of the checkout.
    Checkout {
        /// It, from the checkout's root.
        path: RelativePath,
        /// Where it is in the container.
        target: String,
        /// Whether it may only be read.
        read_only: bool,
        /// The volume that takes its place when there is nothing in the checkout and the
        /// container writes.
        instead: VolumeName,
    },
    /// A directory of the machine.
    Host {
        /// It.
        source: HostPath,
        /// The directory in the container.
        target: String,
        /// Whether it may only be read.
        read_only: bool,
    },
}

/// A file with a text of its own: a config or a secret.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ComponentFile {
    /// Where it is in the container.
    pub target: String,
    /// Its text.
    pub content: String,
    /// Its owner.
    pub uid: String,
    /// Its group.
    pub gid: String,
    /// Its mode.
    pub mode: u32,
}

/// Limits and reservations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Resources {
    /// The most memory in bytes.
    pub memory_bytes: Option<i64>,
    /// The most of a core, in billionths.
    pub nano_cpus: Option<i64>,
    /// The most processes.
    pub pids: Option<i64>,
    /// Memory that must be free, in bytes.
    pub reserved_memory_bytes: Option<i64>,
    /// Cores that must be free, in billionths.
    pub reserved_nano_cpus: Option<i64>,
}

/// What happens at a container's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Restart {
    /// It is replaced.
    Always {
        /// Nanoseconds before that.
        delay: Option<i64>,
    },
    /// It is replaced when it failed.
    OnFailure {
        /// How often.
        attempts: Option<i64>,
        /// Nanoseconds before that.
        delay: Option<i64>,
    },
    /// Nothing.
    Never,
}

/// How much of a container's output is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Log {
    /// The size of one file, such as `10m`.
    pub max_size: Option<String>,
    /// How many files.
    pub max_file: Option<String>,
}

/// A limit of a container's processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ulimit {
    /// Its name.
    pub name: String,
    /// The limit that counts.
    pub soft: i64,
    /// What it can be raised to.
    pub hard: i64,
}
