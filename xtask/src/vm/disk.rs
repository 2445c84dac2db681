//! Disks of virtual machines, made without mounting any.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use longshore_sandbox::roots::{self, System};
use sha2::{Digest, Sha256};

use crate::{process, workspace};

/// Room for Docker's data, in what `mke2fs` calls a size; blocks that are not used take no room.
const SIZE: &str = "6G";

/// What every machine has beside what every Debian has.
const PACKAGES: [&str; 13] = [
    "systemd-sysv",
    "dbus",
    "initramfs-tools",
    "linux-image-amd64",
    "docker.io",
    "iptables",
    "iproute2",
    "procps",
    "ca-certificates",
    "curl",
    "git",
    "python3-minimal",
    "openssl",
];

/// The files that are put over the packages' own.
const FILES: [(&str, &str); 8] = [
    ("etc/hostname", "longshore-test\n"),
    ("etc/hosts", "127.0.0.1 localhost longshore-test\n"),
    ("etc/docker/daemon.json", "{}\n"),
    ("etc/docker/dockerd.sh", include_str!("dockerd.sh")),
    (
        "etc/systemd/system/docker.service.d/settings.conf",
        include_str!("docker.conf"),
    ),
    (
        "etc/systemd/system/job.service",
        include_str!("job.service"),
    ),
    (
        "etc/systemd/system/multi-user.target.d/job.conf",
        "[Unit]\nWants=job.service\n",
    ),
    ("usr/local/sbin/job", include_str!("job.sh")),
];

/// What a machine boots from.
pub struct Root {
    /// The disk with the root; a machine writes to a copy of its own.
    pub disk: PathBuf,
    /// Its kernel.
    pub kernel: PathBuf,
    /// What the kernel starts from.
    pub initrd: PathBuf,
}

/// The root of that system; made on the first call, and again when what goes into it changed.
pub fn root(system: System, cache: &Path) -> anyhow::Result<Root> {
    let mut hash = Sha256::new();
    for (name, text) in FILES {
        hash.update(name);
        hash.update(text);
    }
    let recipe = hex::encode(&hash.finalize()[..6]);
    let folder = cache.join(format!("{}-{recipe}", system.suite()));
    let root = Root {
        disk: folder.join("root.ext4"),
        kernel: folder.join("vmlinuz"),
        initrd: folder.join("initrd"),
    };
    if folder.exists() {
        return Ok(root);
    }
    let mut packages = PACKAGES.to_vec();
    if system != System::Debian12 {
        // Docker's command line is a package of its own there.
        packages.extend(["docker-cli", "docker-buildx"]);
    }
    let layers = workspace::cache().join("roots");
    let mut layers = roots::with_packages(system, "vm", &packages, &layers)?;
    let partial = cache.join(format!("{}.{}.partial", system.suite(), std::process::id()));
    let boot = layers[0].join("boot");
    fs::create_dir_all(&partial)?;
    fs::copy(newest(&boot, "vmlinuz-")?, partial.join("vmlinuz"))?;
    fs::copy(newest(&boot, "initrd.img-")?, partial.join("initrd"))?;
    let settings = partial.join("settings");
    for (name, text) in FILES {
        let file = settings.join(name);
        fs::create_dir_all(file.parent().context("a folder")?)?;
        fs::write(file, text)?;
    }
    layers.insert(0, settings.clone());
    make(&layers, &partial.join("root.ext4"))?;
    fs::remove_dir_all(settings)?;
    fs::rename(partial, folder)?;
    Ok(root)
}

/// A disk with what these directories hold, the uppermost first.
pub fn make(layers: &[PathBuf], disk: &Path) -> anyhow::Result<()> {
    let layers: Vec<String> = layers
        .iter()
        .map(|layer| layer.display().to_string())
        .collect();
    process::output(
        process::command("unshare")
            .args(["--mount", "bash", "-c", include_str!("disk.sh"), "disk"])
            .arg(disk)
            .arg(SIZE)
            .arg(layers.join(":")),
    )?;
    Ok(())
}

/// The file with that beginning; of several, the one whose name sorts last.
fn newest(folder: &Path, beginning: &str) -> anyhow::Result<PathBuf> {
    let entries = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let found = entries
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with(beginning))
        })
        .max();
    found.with_context(|| format!("no {beginning}… in {}", folder.display()))
}
