//! What is mounted into a component: volumes, paths of the repository, memory, configs
//! and secrets.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::amounts::{bytes, mode};
use super::sections::Reading;
use super::values::{flag, items, list, text};
use super::{ComponentFile, ComponentMount, label};
use crate::{HostPath, VolumeName};

/// Everybody may read: the program may run as any user, and nobody else is in its container.
const FILE_MODE: u32 = 0o444;
const FILE_MAX_BYTES: usize = 500 * 1024;
/// What no mount of a component may hide.
const RESERVED: [&str; 4] = ["/", "/proc", "/sys", "/.longshore-probe"];

impl Reading<'_> {
    /// Names of volumes must differ also as they are kept.
    pub(super) fn volumes(&mut self, volumes: &Map<String, Value>) {
        let mut seen: BTreeMap<String, &String> = BTreeMap::new();
        for name in volumes.keys() {
            if let Some(other) = seen.insert(label(name), name) {
                self.problem(format!(
                    "volumes.{name} and volumes.{other} differ in nothing but signs; rename one."
                ));
            }
            if volume_name(name).is_none() {
                self.problem(format!(
                    "volumes.{name} needs a name of at most 40 letters, digits, hyphens and underscores that begins with a letter."
                ));
            }
        }
    }

    pub(super) fn storage(
        &mut self,
        place: &str,
        fields: &Value,
    ) -> (Vec<ComponentMount>, Vec<ComponentFile>) {
        let mut mounts = Vec::new();
        for volume in items(fields, "volumes") {
            mounts.extend(self.mount(place, volume));
        }
        for line in list(fields, "tmpfs").unwrap_or_default() {
            mounts.extend(self.tmpfs(place, &line));
        }
        if let Some(size) = fields.get("shm_size").filter(|size| !size.is_null()) {
            match bytes(size) {
                Some(size) => mounts.push(ComponentMount::Tmpfs {
                    target: "/dev/shm".to_owned(),
                    size: Some(size),
                    mode: Some(0o1777),
                }),
                None => self.problem(format!("{place}.shm_size is not an amount.")),
            }
        }
        let mut files = Vec::new();
        let (configs, secrets) = (self.configs, self.secrets);
        for (kind, sources, folder) in [
            ("configs", configs, "/"),
            ("secrets", secrets, "/run/secrets/"),
        ] {
            for item in items(fields, kind) {
                self.file(place, kind, item, sources, folder, &mut mounts, &mut files);
            }
        }
        self.check_targets(place, &mounts, &files);
        (mounts, files)
    }

    fn check_targets(&mut self, place: &str, mounts: &[ComponentMount], files: &[ComponentFile]) {
        let mut seen = std::collections::BTreeSet::new();
        let targets = mounts
            .iter()
            .map(|mount| match mount {
                ComponentMount::Volume { target, .. }
                | ComponentMount::Anonymous { target }
                | ComponentMount::Tmpfs { target, .. }
                | ComponentMount::Checkout { target, .. }
                | ComponentMount::Host { target, .. } => target.as_str(),
            })
            .chain(files.iter().map(|file| file.target.as_str()));
        for target in targets {
            let bare = target.trim_end_matches('/');
            let reserved = bare.is_empty()
                || RESERVED.contains(&bare)
                || ["/proc/", "/sys/"]
                    .iter()
                    .any(|start| bare.starts_with(start));
            if reserved || !target.starts_with('/') || target.contains(['\0', '\n']) {
                self.problem(format!(
                    "{place}.volumes cannot mount anything on {target:?}."
                ));
            } else if !seen.insert(bare) {
                self.problem(format!("{place}.volumes put two things on {target}."));
            }
        }
    }

    fn mount(&mut self, place: &str, volume: &Value) -> Option<ComponentMount> {
        let target = text(volume, "target").unwrap_or_default();
        let read_only = flag(volume, "read_only");
        let source = text(volume, "source").filter(|source| !source.is_empty());
        match text(volume, "type").as_deref() {
            Some("volume") => {
                let Some(source) = source else {
                    return Some(ComponentMount::Anonymous { target });
                };
                Some(ComponentMount::Volume {
                    // One that is wrong was told of with the volumes.
                    name: volume_name(&source)?,
                    target,
                    read_only,
                    no_copy: volume
                        .get("volume")
                        .is_some_and(|volume| flag(volume, "nocopy")),
                    is_stand_in: false,
                })
            }
            Some("tmpfs") => {
                let options = volume.get("tmpfs");
                Some(ComponentMount::Tmpfs {
                    target,
                    size: options.and_then(|options| bytes(options.get("size")?)),
                    mode: options.and_then(|options| mode(options.get("mode")?)),
                })
            }
            Some("bind") => self.bind(place, &source.unwrap_or_default(), target, read_only),
            other => {
                let kind = other.unwrap_or("a mount without a type");
                self.problem(format!(
                    "{place}.volumes cannot have {kind}; only volume, bind and tmpfs are possible."
                ));
                None
            }
        }
    }

    fn bind(
        &mut self,
        place: &str,
        source: &str,
        target: String,
        read_only: bool,
    ) -> Option<ComponentMount> {
        if let Some(path) = self.in_checkout(source) {
            if !self.given.has_checkout && read_only {
                self.problem(format!(
                    "{place}.volumes reads ./{path}, but a typed-in file has no repository; put the text under `configs` with `content`."
                ));
                return None;
            }
            let name = if path.is_root() {
                "bind-repository".to_owned()
            } else {
                format!("bind-{}", label(path.as_str()))
            };
            let instead = volume_name(&name.chars().take(40).collect::<String>())?;
            return Some(ComponentMount::Checkout {
                path,
                target,
                read_only,
                instead,
            });
        }
        if source == "/" || source.ends_with("docker.sock") {
            self.problem(format!(
                "{place}.volumes binds {source}, which is the whole server; remove it."
            ));
            return None;
        }
        let source = self.parse::<HostPath>(place, "volumes", source)?;
        Some(ComponentMount::Host {
            source,
            target,
            read_only,
        })
    }

    /// `/run:size=10m,mode=1777`.
    fn tmpfs(&mut self, place: &str, line: &str) -> Option<ComponentMount> {
        let (target, options) = line.split_once(':').unwrap_or((line, ""));
        let (mut size, mut bits) = (None, None);
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let read = match option.split_once('=') {
                Some(("size", value)) => {
                    size = bytes(&Value::String(value.to_owned()));
                    size.is_some()
                }
                Some(("mode", value)) => {
                    bits = mode(&Value::String(value.to_owned()));
                    bits.is_some()
                }
                None if matches!(option, "rw" | "noexec" | "nosuid" | "nodev" | "exec") => {
                    self.note(format!(
                        "{place}.tmpfs: the option {option} is ignored: Docker's own hold."
                    ));
                    true
                }
                _ => false,
            };
            if !read {
                self.problem(format!(
                    "{place}.tmpfs cannot have the option {option}; only size and mode are possible."
                ));
                return None;
            }
        }
        Some(ComponentMount::Tmpfs {
            target: target.to_owned(),
            size,
            mode: bits,
        })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "configs and secrets differ in these alone"
    )]
    fn file(
        &mut self,
        place: &str,
        kind: &str,
        item: &Value,
        sources: &Map<String, Value>,
        folder: &str,
        mounts: &mut Vec<ComponentMount>,
        files: &mut Vec<ComponentFile>,
    ) {
        let source = item
            .as_str()
            .map(str::to_owned)
            .or_else(|| text(item, "source"));
        let Some((source, given)) =
            source.and_then(|source| Some((source.clone(), sources.get(&source)?)))
        else {
            return;
        };
        let target = match text(item, "target").filter(|target| !target.is_empty()) {
            Some(target) if target.starts_with('/') => target,
            Some(target) => format!("{folder}{target}"),
            None => format!("{folder}{source}"),
        };
        if let Some(path) = text(given, "file") {
            match self.bind(place, &path, target, true) {
                Some(mount @ ComponentMount::Checkout { .. }) => mounts.push(mount),
                Some(_) => {
                    self.problem(format!("{kind}.{source}.file must lie in the repository."));
                }
                None => {}
            }
            return;
        }
        let content = match (text(given, "content"), text(given, "environment")) {
            (Some(content), _) => Some(content),
            (None, Some(variable)) => self
                .given
                .variables
                .iter()
                .find(|(key, _)| key.as_str() == variable)
                .map(|(_, value)| value.expose().to_owned()),
            (None, None) => None,
        };
        let Some(content) = content else {
            let wanted = text(given, "environment").unwrap_or_else(|| source.clone());
            self.problem(format!(
                "{kind}.{source} needs the variable {wanted}, which the stack does not have."
            ));
            return;
        };
        if content.len() > FILE_MAX_BYTES {
            self.problem(format!("{kind}.{source} must have at most 500 KiB."));
        }
        files.push(ComponentFile {
            target,
            content,
            uid: text(item, "uid").unwrap_or_else(|| "0".to_owned()),
            gid: text(item, "gid").unwrap_or_else(|| "0".to_owned()),
            mode: item.get("mode").and_then(mode).unwrap_or(FILE_MODE),
        });
    }
}

/// A volume's name as it is kept.
fn volume_name(name: &str) -> Option<VolumeName> {
    label(name).parse().ok()
}
