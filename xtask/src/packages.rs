//! The Debian packages that the tests need.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::{process, workspace};

/// A package, and a path that shows that what it brings is there (also when it came another way).
const PACKAGES: &[(&str, &[&str])] = &[
    ("build-essential", &["/usr/bin/cc"]),
    ("pkg-config", &["/usr/bin/pkg-config"]),
    ("cmake", &["/usr/bin/cmake"]),
    ("libssl-dev", &["/usr/include/openssl/ssl.h"]),
    ("docker.io", &["/usr/bin/dockerd", "/usr/sbin/dockerd"]),
    ("docker-registry", &["/usr/bin/docker-registry"]),
    ("iptables", &["/usr/sbin/iptables"]),
    ("ebtables", &["/usr/sbin/ebtables"]),
    ("iproute2", &["/usr/sbin/ip", "/usr/bin/ip"]),
    ("util-linux", &["/usr/bin/nsenter"]),
    ("debootstrap", &["/usr/sbin/debootstrap"]),
    ("postgresql", &["/usr/lib/postgresql"]),
    ("chromium", &["/usr/bin/chromium"]),
    ("chromium-driver", &["/usr/bin/chromedriver"]),
    ("pebble", &["/usr/bin/pebble"]),
    ("knot", &["/usr/sbin/knotd"]),
    ("openssl", &["/usr/bin/openssl"]),
    ("openssh-server", &["/usr/sbin/sshd"]),
    ("git", &["/usr/lib/git-core/git-http-backend"]),
    ("curl", &["/usr/bin/curl"]),
    ("procps", &["/usr/bin/ps", "/bin/ps"]),
    ("python3", &["/usr/bin/python3"]),
];

/// Installs what is missing, with apt; without root it only says what is missing.
pub fn install() -> anyhow::Result<()> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(_, paths)| !paths.iter().any(|path| Path::new(path).exists()))
        .map(|(package, _)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("missing packages: {}", missing.join(" "));
    workspace::require_root("installing them")?;
    let _quiet = NoServices::announce()?;
    process::run(process::command("apt-get").args(["-qq", "update"]))?;
    process::run(
        process::command("apt-get")
            .args(["-qq", "install", "--yes", "--no-install-recommends"])
            .args(missing)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// Debian's way to keep packages from starting their services: the tests start their own `dockerd`,
/// `sshd` and PostgreSQL, and the machine is not to get any from a test run.
struct NoServices {
    ours: bool,
}

impl NoServices {
    const POLICY: &str = "/usr/sbin/policy-rc.d";

    fn announce() -> anyhow::Result<Self> {
        let ours = !Path::new(Self::POLICY).exists();
        if ours {
            fs::write(Self::POLICY, "#!/bin/sh\nexit 101\n")?;
            fs::set_permissions(Self::POLICY, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            let _ = fs::remove_file(Self::POLICY);
        }
    }
}
