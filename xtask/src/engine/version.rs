//! The Docker Engines that tests run on.

use std::path::PathBuf;

use longshore_sandbox::roots::{self, System};

use crate::{process, workspace};

/// A Docker Engine that people have, by its major version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Version {
    /// Docker 20.10, of Debian 12.
    #[value(name = "20")]
    Docker20,
    /// Docker 26.1, of Debian 13.
    #[value(name = "26")]
    Docker26,
    /// Docker 28.5, of Debian testing.
    #[value(name = "28")]
    Docker28,
    /// The same with the image store that is containerd's.
    #[value(name = "28-containerd")]
    Docker28Containerd,
}

impl Version {
    /// Every one.
    pub const ALL: [Self; 4] = [
        Self::Docker20,
        Self::Docker26,
        Self::Docker28,
        Self::Docker28Containerd,
    ];

    /// What tells the places of its engines from those of others.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker20 => "20",
            Self::Docker26 => "26",
            Self::Docker28 => "28",
            Self::Docker28Containerd => "28-containerd",
        }
    }

    /// Its settings, as dockerd reads them.
    pub fn settings(self) -> &'static str {
        match self {
            Self::Docker20 | Self::Docker26 | Self::Docker28 => "{}\n",
            Self::Docker28Containerd => "{\"features\": {\"containerd-snapshotter\": true}}\n",
        }
    }

    /// The directories of the root that its dockerd runs in; none when this machine's own dockerd
    /// is of this version.
    pub fn root(self) -> anyhow::Result<Vec<PathBuf>> {
        if self.is_own()? {
            return Ok(Vec::new());
        }
        let cache = workspace::cache().join("roots");
        let (system, packages) = match self {
            Self::Docker20 => (System::Debian12, &["docker.io", "iptables"][..]),
            Self::Docker26 => (System::Debian13, &["docker.io", "iptables"][..]),
            Self::Docker28 | Self::Docker28Containerd => {
                (System::DebianTesting, &["docker.io", "iptables"][..])
            }
        };
        let packages = [packages, &["ca-certificates"]].concat();
        roots::with_packages(system, "docker", &packages, &cache)
    }

    /// Whether this machine's own dockerd is of this version, and has the settings of the packages.
    fn is_own(self) -> anyhow::Result<bool> {
        let told = process::output(process::command("dockerd").arg("--version"))?;
        let major = told
            .split_whitespace()
            .find_map(|word| word.split('.').next()?.parse::<u32>().ok());
        Ok(match self {
            Self::Docker20 => major == Some(20),
            Self::Docker26 => major == Some(26),
            Self::Docker28 | Self::Docker28Containerd => major == Some(28),
        })
    }
}
