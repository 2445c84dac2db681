//! Named volumes: data of a service that outlives its containers and its deployments.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::mount::{absolute, is_the_kernels};
use crate::text::text_type;
use crate::{InvalidText, ServiceName};

/// The most volumes of one service.
pub const MOST: usize = 20;

/// The name of a volume within its service: a DNS label of 1 to 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VolumeName(String);
text_type!(VolumeName);

impl FromStr for VolumeName {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The same shape as a service's name, for the same reason: it is part of a name in
        // Docker.
        let label: ServiceName = text.parse()?;
        Ok(Self(label.to_string()))
    }
}

/// A directory inside a container that a volume may be mounted on: an absolute path without
/// `.`, `..` or doubled slashes, and none that the container itself needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MountPath(String);
text_type!(MountPath);

/// What a container cannot do without: the kernel's file systems and its own programs.
const RESERVED: [&str; 12] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/.longshore-probe",
];

impl FromStr for MountPath {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, relative) = absolute(text, "directory")?;
        if is_the_kernels(relative) || RESERVED.contains(&path) {
            return Err(InvalidText::new("must not be a directory of the system"));
        }
        Ok(Self(path.to_owned()))
    }
}

/// A volume and where a service's containers find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeMount {
    /// The volume, by its name within the service.
    pub name: VolumeName,
    /// The directory in the container.
    pub path: MountPath,
    /// Whether the containers may only read it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Whether several containers may write it at once, so that a new version can start
    /// beside the old one. A database's files never are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

impl VolumeMount {
    /// Whether one container at a time may have it.
    pub fn has_one_writer(&self) -> bool {
        !self.read_only && !self.shared
    }
}

/// What is wrong with a service's volumes, as fragments.
pub fn problems(volumes: &[VolumeMount]) -> Vec<String> {
    let mut problems = Vec::new();
    if volumes.len() > MOST {
        problems.push(format!("must be at most {MOST}"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{MountPath, VolumeMount, VolumeName, problems};

    #[test]
    fn a_mount_path_is_an_absolute_directory_of_the_apps_own() {
        for good in ["/data", "/var/lib/mysql", "/app/storage/", "/srv/a_b-c.d"] {
            good.parse::<MountPath>().expect(good);
        }
        assert_eq!("/data/".parse::<MountPath>().unwrap().as_str(), "/data");
        for bad in [
            "", "/", "//", "data", "/a//b", "/a/../b", "/a/./b", "/..", "/a b", "/a,b", "/a:b",
            "/proc", "/proc/1", "/sys/fs", "/dev/shm", "/etc", "/usr/", "/a\n", "/a\0", "/ä",
        ] {
            assert!(bad.parse::<MountPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_volume_name_cannot_break_out_of_its_place() {
        "data".parse::<VolumeName>().unwrap();
        for bad in ["", "../x", "a/b", "A", "a_b", "-a", "a b", "/var/run"] {
            assert!(bad.parse::<VolumeName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_service_has_a_bounded_number_of_volumes() {
        let mount = |path: &str| VolumeMount {
            name: "a".parse().unwrap(),
            path: path.parse().unwrap(),
            read_only: false,
            shared: false,
        };
        assert!(problems(&[mount("/a"), mount("/b")]).is_empty());
        let many: Vec<_> = (0..30).map(|i| mount(&format!("/a{i}"))).collect();
        assert_eq!(problems(&many).len(), 1);
    }
}
