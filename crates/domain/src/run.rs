//! How a service's containers run.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::Strategy;
use crate::health::HealthCheck;
use crate::host_port::{self, HostPort};
use crate::mount::{self, BindMount, FileMount};
use crate::scale::Scale;
use crate::takeover::SoleUse;
use crate::volume::{self, VolumeMount};

/// A TCP port inside a container, 1 to 65535.
pub type Port = NonZeroU16;

/// The earlier versions that a service keeps when nobody says otherwise.
pub const DEFAULT_KEEP_RELEASES: u32 = 10;

/// The run settings of a service; all have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunSettings {
    /// Overrides the image's entry point: program and arguments, without a shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// Overrides the arguments of the entry point, the image's `CMD`; `${{KEY}}` stands for
    /// a variable of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Vec<String>>,
    /// Runs once in the new image before any traffic moves, without a shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_command: Option<Vec<String>>,
    /// Containers of the live version.
    pub replicas: u32,
    /// Memory limit in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit_bytes: Option<i64>,
    /// CPU limit in thousandths of a core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit_millis: Option<i64>,
    /// How a new version takes over; chosen by the rules of the design when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Whether a visitor stays with one container, by a cookie.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sticky_sessions: bool,
    /// Data that outlives the containers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeMount>,
    /// Files with a text of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileMount>,
    /// Directories of the machine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub binds: Vec<BindMount>,
    /// Ports of the machine that lead straight to the one container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub host_ports: Vec<HostPort>,
    /// Where the containers run, what is kept free for them, when they are started again.
    #[serde(skip_serializing_if = "is_default_scale")]
    pub scale: Scale,
    /// The health check.
    pub health: HealthCheck,
    /// Seconds that the old version goes on serving what it has begun.
    pub drain_seconds: u32,
    /// Seconds between SIGTERM and SIGKILL.
    pub stop_grace_seconds: u32,
    /// Seconds that a service without a port must stay up to be live.
    pub settle_seconds: u32,
    /// Seconds after the switch in which a version that starts to fail is replaced by the
    /// one before it; 0 for never.
    pub watch_seconds: u32,
    /// Seconds that the release command may take.
    pub release_timeout_seconds: u32,
    /// Earlier successful versions that keep their image, so that it can go back to them.
    pub keep_releases: u32,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            command: None,
            arguments: None,
            release_command: None,
            replicas: 1,
            memory_limit_bytes: None,
            cpu_limit_millis: None,
            strategy: None,
            sticky_sessions: false,
            volumes: Vec::new(),
            files: Vec::new(),
            binds: Vec::new(),
            host_ports: Vec::new(),
            scale: Scale::default(),
            health: HealthCheck::default(),
            drain_seconds: 10,
            stop_grace_seconds: 10,
            settle_seconds: 5,
            watch_seconds: 60,
            release_timeout_seconds: 1800,
            keep_releases: DEFAULT_KEEP_RELEASES,
        }
    }
}

impl RunSettings {
    /// Whether two of its containers cannot run at once: they would write the same volume.
    pub fn has_one_writer(&self) -> bool {
        self.volumes.iter().any(VolumeMount::has_one_writer)
    }

    /// What two of its versions cannot hold at once.
    pub fn sole_use(&self) -> Option<SoleUse> {
        if self.has_one_writer() {
            return Some(SoleUse::Volume);
        }
        (!self.host_ports.is_empty()).then_some(SoleUse::HostPort)
    }

    /// What is wrong with it, as fragments behind field names.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = self.health.problems();
        for (field, value, low, high) in [
            ("replicas", self.replicas, 1, 100),
            ("drain_seconds", self.drain_seconds, 0, 3600),
            ("stop_grace_seconds", self.stop_grace_seconds, 0, 3600),
            ("settle_seconds", self.settle_seconds, 1, 600),
            ("watch_seconds", self.watch_seconds, 0, 3600),
            (
                "release_timeout_seconds",
                self.release_timeout_seconds,
                1,
                86_400,
            ),
            ("keep_releases", self.keep_releases, 1, 100),
        ] {
            if !(low..=high).contains(&value) {
                problems.push((field, format!("must be between {low} and {high}")));
            }
        }
        if self
            .memory_limit_bytes
            .is_some_and(|bytes| bytes < 6 * 1024 * 1024)
        {
            // Docker's own lower bound.
            problems.push(("memory_limit_bytes", "must be at least 6 MiB".to_owned()));
        }
        if self.cpu_limit_millis.is_some_and(|millis| millis < 10) {
            problems.push(("cpu_limit_millis", "must be at least 10".to_owned()));
        }
        problems.extend(self.storage_problems());
        let limits = (self.memory_limit_bytes, self.cpu_limit_millis);
        problems.extend(self.scale.problems(limits.0, limits.1));
        let ports = host_port::problems(&self.host_ports).into_iter();
        problems.extend(ports.map(|problem| ("host_ports", problem)));
        if self.replicas > 1 && !self.host_ports.is_empty() {
            let problem = "must be 1 while a port of the machine leads to the container";
            problems.push(("replicas", problem.to_owned()));
        }
        if let Some(arguments) = &self.arguments
            && !is_argv(arguments)
        {
            problems.push(("arguments", "has too many or too long arguments".to_owned()));
        }
        for (field, argv) in [
            ("command", &self.command),
            ("release_command", &self.release_command),
        ] {
            if let Some(argv) = argv {
                if argv.first().is_none_or(String::is_empty) {
                    problems.push((field, "must name a program".to_owned()));
                } else if !is_argv(argv) {
                    problems.push((field, "has too many or too long arguments".to_owned()));
                }
            }
        }
        problems
    }
}

impl RunSettings {
    fn storage_problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let mut add = |field, found: Vec<String>| {
            problems.extend(found.into_iter().map(|problem| (field, problem)));
        };
        add("volumes", volume::problems(&self.volumes));
        add("files", mount::file_problems(&self.files));
        if self.binds.len() > mount::MOST_BINDS {
            add(
                "binds",
                vec![format!("must be at most {}", mount::MOST_BINDS)],
            );
        }
        let volumes = self.volumes.iter().map(|volume| volume.path.as_str());
        let files = self.files.iter().map(|file| file.path.as_str());
        let binds = self.binds.iter().map(|bind| bind.path.as_str());
        let places = volumes.chain(files).chain(binds);
        add("volumes", mount::place_problems(places));
        if self.replicas > 1 && self.has_one_writer() {
            let problem = "must be 1 while a volume is written that only one container may write";
            add("replicas", vec![problem.to_owned()]);
        }
        problems
    }
}

fn is_default_scale(scale: &Scale) -> bool {
    *scale == Scale::default()
}

/// Whether the kernel takes such a list of arguments.
fn is_argv(argv: &[String]) -> bool {
    argv.len() <= 200
        && argv
            .iter()
            .all(|arg| !arg.contains('\0') && arg.len() <= 32_768)
}

#[cfg(test)]
mod tests {
    use super::{RunSettings, SoleUse, Strategy};

    #[test]
    fn a_volume_that_is_written_has_one_version_at_a_time() {
        let mut run = RunSettings::default();
        assert!(!run.has_one_writer());
        run.volumes =
            serde_json::from_str(r#"[{"name":"data","path":"/data","read_only":true}]"#).unwrap();
        assert!(!run.has_one_writer());
        run.volumes[0].read_only = false;
        assert!(run.has_one_writer());
        run.strategy = Some(Strategy::BlueGreen);
        assert_eq!(run.sole_use(), Some(SoleUse::Volume));
        assert!(run.problems().is_empty());
        run.replicas = 2;
        assert_eq!(run.problems()[0].0, "replicas");
        run.volumes[0].shared = true;
        assert!(run.problems().is_empty());
        assert_eq!(run.sole_use(), None);
    }
}
