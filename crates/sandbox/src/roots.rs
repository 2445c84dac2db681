//! Roots of other systems, as debootstrap makes them, kept in a cache.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, bail};

use crate::{Layer, Lifetime, Place, Sandbox, Setup, process, sweep};

/// Authorities that an administrator of this machine added, in the place where Debian's package
/// `ca-certificates` looks for them.
const OWN_AUTHORITIES: &str = "usr/local/share/ca-certificates";

/// A system whose root can be made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum System {
    /// Debian 12: Docker 20.10, PostgreSQL 15.
    Debian12,
    /// Debian 13: Docker 26.1, PostgreSQL 17.
    Debian13,
    /// Debian's next release: Docker 28.5 or newer, PostgreSQL 18 or newer.
    DebianTesting,
}

impl System {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Debian12, Self::Debian13, Self::DebianTesting];

    /// The name of its suite in Debian's archive.
    pub fn suite(self) -> &'static str {
        match self {
            Self::Debian12 => "bookworm",
            Self::Debian13 => "trixie",
            Self::DebianTesting => "forky",
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Debian12 => "12",
            Self::Debian13 => "13",
            Self::DebianTesting => "testing",
        })
    }
}

impl FromStr for System {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let found = Self::ALL
            .into_iter()
            .find(|system| text == system.to_string());
        found.with_context(|| format!("no system {text}: 12, 13 or testing"))
    }
}

/// The root of that system as debootstrap leaves it: the packages that every Debian has, and the
/// authorities that this machine's administrator added. Made on the first call (about a minute).
/// Nobody may write to it: enter it under a [`crate::Layer`].
pub fn pristine(system: System, cache: &Path) -> anyhow::Result<PathBuf> {
    let root = cache.join(system.suite());
    if root.exists() {
        return Ok(root);
    }
    eprintln!("bootstrapping Debian {system} (once, about a minute)");
    fs::create_dir_all(cache)?;
    let partial = cache.join(format!("{}.{}.partial", system.suite(), std::process::id()));
    let mut debootstrap = Command::new("debootstrap");
    debootstrap
        .args(["--variant=minbase", system.suite()])
        .arg(&partial);
    if let Some(script) = script(system)? {
        debootstrap.arg(archive()?).arg(script);
    }
    process::output(&mut debootstrap)?;
    let archives = partial.join("var/cache/apt/archives");
    for entry in fs::read_dir(archives)?.flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            fs::remove_file(entry.path())?;
        }
    }
    let own = Path::new("/").join(OWN_AUTHORITIES);
    if own.is_dir() {
        let place = partial.join(OWN_AUTHORITIES);
        fs::create_dir_all(&place)?;
        for entry in fs::read_dir(own)?.flatten() {
            fs::copy(entry.path(), place.join(entry.file_name()))?;
        }
    }
    // A mirror may lag behind; its list of packages is signed all the same.
    fs::write(
        partial.join("etc/apt/apt.conf.d/90lagging-mirror"),
        "Acquire::Check-Valid-Until \"false\";\n",
    )?;
    match fs::rename(&partial, &root) {
        Ok(()) => {}
        // Another process was quicker.
        Err(_) if root.exists() => fs::remove_dir_all(partial)?,
        Err(error) => return Err(error).context("cannot keep the root"),
    }
    Ok(root)
}

/// An older debootstrap does not know a newer suite by name; the script of the suite that never
/// ends is right for it.
fn script(system: System) -> anyhow::Result<Option<PathBuf>> {
    let scripts = Path::new("/usr/share/debootstrap/scripts");
    if scripts.join(system.suite()).exists() {
        return Ok(None);
    }
    let sid = scripts.join("sid");
    if !sid.exists() {
        bail!("debootstrap is not installed (Debian package debootstrap)");
    }
    Ok(Some(sid))
}

/// Where this machine gets Debian's packages from.
fn archive() -> anyhow::Result<String> {
    let targets = process::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Origin: Debian",
        "Created-By: Packages",
    ]))?;
    let main = targets.lines().find(|uri| !uri.contains("security"));
    Ok(main
        .context("apt has no list of Debian's packages: run apt-get update")?
        .to_owned())
}

/// The directories of a root with further packages, for [`Layer::lower`]: the pristine root under
/// what their installation wrote. Made on the first call; no service is started.
pub fn with_packages(
    system: System,
    name: &str,
    packages: &[&str],
    cache: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    let pristine = pristine(system, cache)?;
    let layer = cache.join(format!("{}-{name}", system.suite()));
    if layer.exists() {
        return Ok(vec![layer, pristine]);
    }
    eprintln!(
        "installing {} in Debian {system} (once)",
        packages.join(" ")
    );
    let place = Place::new(cache.join(format!("{}-{name}.making", system.suite())));
    let writes = place.state().join("writes");
    sweep(&place)?;
    if place.state().exists() {
        fs::remove_dir_all(place.state())?;
    }
    let setup = Setup {
        hostname: "preparation".to_owned(),
        root: Some(Layer {
            lower: vec![pristine.clone()],
            writes: writes.clone(),
        }),
        ..Setup::default()
    };
    let sandbox = Sandbox::start(&place, &setup, Lifetime::ThisThread)?;
    let script = "set -e
        echo 'exit 101' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
        apt-get -qq update
        apt-get -qq install --yes --no-install-recommends \"$@\"
        apt-get clean
        rm /usr/sbin/policy-rc.d";
    let installed = process::output(
        sandbox
            .command(Path::new("/"), "bash")
            .args(["-c", script, "install"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    );
    sweep(&place)?;
    installed?;
    fs::rename(writes, &layer)?;
    fs::remove_dir_all(place.state())?;
    Ok(vec![layer, pristine])
}
