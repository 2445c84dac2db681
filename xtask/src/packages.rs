//! The Debian packages that the tests need.

use std::path::Path;

use crate::{process, workspace};

/// A package, and a path that shows that what it brings is there (also when it came another way).
const PACKAGES: &[(&str, &[&str])] = &[
    ("build-essential", &["/usr/bin/cc"]),
    ("pkg-config", &["/usr/bin/pkg-config"]),
    ("cmake", &["/usr/bin/cmake"]),
    ("libssl-dev", &["/usr/include/openssl/ssl.h"]),
    ("docker.io", &["/usr/bin/dockerd", "/usr/sbin/dockerd"]),
    ("iptables", &["/usr/sbin/iptables"]),
    ("ebtables", &["/usr/sbin/ebtables"]),
    ("iproute2", &["/usr/sbin/ip", "/usr/bin/ip"]),
    ("util-linux", &["/usr/bin/nsenter"]),
    ("debootstrap", &["/usr/sbin/debootstrap"]),
    ("postgresql", &["/usr/lib/postgresql"]),
    ("chromium", &["/usr/bin/chromium"]),
    ("chromium-driver", &["/usr/bin/chromedriver"]),
    ("pebble", &["/usr/bin/pebble"]),
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
    process::run(process::command("apt-get").args(["-qq", "update"]))?;
    process::run(
        process::command("apt-get")
            .args(["-qq", "install", "--yes", "--no-install-recommends"])
            .args(missing)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
