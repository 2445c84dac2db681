//! From nothing to an app that answers through the proxy, and back to nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use longshore_sandbox::roots::System;
use longshore_testkit::wait;
use reqwest::Client;

use super::{Machine, Said};
use crate::api::Api;
use crate::longshore::{EMAIL, PASSWORD};

const HOST: &str = "site.example.test";

/// Where the programs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `curl … | sh` with a release.
    Release,
    /// `./install.sh` in a checkout, with the toolchain of this machine and what it has built.
    Checkout,
}

/// The whole journey on a new machine of that system; its words are printed when `aloud`.
pub async fn whole(system: System, origin: Origin, aloud: bool) {
    let binds = match origin {
        Origin::Release => Vec::new(),
        Origin::Checkout => toolchain(),
    };
    let machine = if aloud || !binds.is_empty() {
        Machine::aloud(system, binds)
    } else {
        Machine::pristine(system)
    };
    let install = |arguments: &str| match origin {
        Origin::Release => machine.install(arguments),
        Origin::Checkout => from_checkout(&machine, arguments),
    };
    if origin == Origin::Checkout {
        let npm = "ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/bin/npm && npm --version";
        machine.run(npm).done();
    }
    if origin == Origin::Release {
        // As people do it. Without curl, the script comes by other means and gets curl itself.
        let url = machine.release_url();
        if system == System::Debian12 {
            machine
                .run("apt-get -qq update && apt-get -qq install -y curl")
                .done();
            let script = format!("curl -fsSL {url}/install.sh | sh -s -- --help");
            assert!(machine.run(&script).done().contains("--dry-run"));
        }
    }

    let pristine = Inventory::of(&machine);
    let dry = install("--dry-run");
    let planned = Plan::of(&dry, "would install: ");
    let changed = Inventory::of(&machine).changes(&pristine);
    assert_eq!(changed, Vec::<String>::new(), "by a dry run");

    let installed = install("");
    assert!(installed.is_success, "{}", installed.text);
    assert_eq!(Plan::of(&installed, "installing: "), planned);
    deploys(&machine, &installed).await;

    // Once more: nothing is stopped, nothing is installed.
    let before = Inventory::of(&machine);
    let supervisor = machine.ask("cat /run/longshore/supervisor.pid");
    let again = install("");
    let words = again.clone().done();
    assert!(!words.contains("installing: "), "{words}");
    assert_eq!(machine.ask("cat /run/longshore/supervisor.pid"), supervisor);
    let changed = Inventory::of(&machine).changes(&before);
    assert_eq!(changed, Vec::<String>::new(), "by a second run");
    shows(&machine, &installed).await;

    // Removed: the data stays, and what is deployed goes on serving.
    install("--uninstall").done();
    shows(&machine, &installed).await;
    machine
        .run("test -s /var/lib/longshore/server/master.key")
        .done();
    install("--uninstall --purge").done();
    let left = Inventory::of(&machine).beside(&pristine);
    assert_eq!(left, Vec::<String>::new(), "left after a purge");
}

/// Deploys a site from an archive and waits until a visitor sees it through the proxy.
async fn deploys(machine: &Machine, installed: &Said) {
    let script =
        format!("echo '{PASSWORD}' | longshore user create --email {EMAIL} --password-stdin");
    machine.run(&script).done();
    let script = format!("longshore token create --email {EMAIL} --name test 2>/dev/null");
    let token = machine.run(&script).done();
    // The address that was told, seen from another machine.
    let dashboard = installed.after("Dashboard:");
    let api = Api::new(&dashboard, token.trim());
    let environment = api.project("First").await;
    let service = api.site(&environment, "site").await;
    api.domain(&service, HOST).await;
    let answer = api
        .upload(&service, "site.tgz", archive())
        .await
        .expect(202);
    let path = format!("/deployments/{}", crate::api::id_of(&answer["deployment"]));
    let ended = wait::until("the deployment's end", Duration::from_mins(3), || async {
        let deployment = api.try_get(&path).await?;
        machine.tell(&format!("the deployment: {}", deployment["status"]));
        ["live", "failed", "cancelled"]
            .contains(&deployment["status"].as_str()?)
            .then_some(deployment)
    })
    .await;
    api.is_live(&ended).await;
    shows(machine, installed).await;
}

async fn shows(machine: &Machine, installed: &Said) {
    let dashboard = installed.after("Dashboard:");
    let proxy = dashboard.trim_end_matches(":3000").to_owned();
    wait::until("the site", Duration::from_secs(30), || async {
        let request = Client::new().get(&proxy).header("host", HOST);
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        let page = answer.text().await.ok()?;
        page.contains("made from nothing").then_some(())
    })
    .await;
    machine.tell(&format!("{HOST} answers through the proxy at {proxy}"));
}

/// A site of one page.
fn archive() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("index.html"), "made from nothing").expect("a page");
    let tar = Command::new("tar")
        .current_dir(folder.path())
        .args(["-czf", "-", "index.html"])
        .output();
    tar.expect("tar").stdout
}

/// What the installer said that it installs.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    packages: String,
    steps: Vec<String>,
}

impl Plan {
    fn of(said: &Said, words: &str) -> Self {
        let steps = said
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("==> "));
        let packages = said.after(words);
        Self {
            packages,
            steps: steps
                .filter(|step| !step.starts_with("Longshore is ready"))
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// What is on a machine that packages and package lists did not bring: files, users, and what is in
/// Docker.
#[derive(Debug)]
struct Inventory(BTreeSet<String>);

impl Inventory {
    fn of(machine: &Machine) -> Self {
        let script = r"
find /etc /opt /root /srv /home /tmp /var /run /usr/local -xdev \
  ! -path '/var/lib/dpkg/*' ! -path '/var/lib/apt/*' ! -path '/var/cache/*' ! -path '/var/log/*' \
  ! -path '/var/lib/longshore/*' ! -path '/run/longshore/*' ! -path '/run/docker/*' \
  ! -path '/root/install.sh' ! -path '/root/.npm*' ! -path '/root/.c*' ! -path '/tmp/runc-process*' -printf 'file %p\n'
cut -d : -f 1 /etc/passwd | sed 's/^/user /'
cut -d : -f 1 /etc/group | sed 's/^/group /'
for name in $(cat /proc/[0-9]*/comm 2>/dev/null); do
  case $name in longshore | longshore-agent | traefik | postgres) echo process $name ;; esac
done
if command -v docker >/dev/null; then
  docker ps -a --format 'container {{.Names}}'
  docker network ls --format 'network {{.Name}}'
  docker volume ls --format 'volume {{.Name}}'
  docker image ls --format 'image {{.Repository}}:{{.Tag}}'
  docker service ls --format 'service {{.Name}}'
  docker info --format 'swarm {{.Swarm.LocalNodeState}}'
fi 2>/dev/null
true";
        Self(machine.ask(script).lines().map(str::to_owned).collect())
    }

    /// What is only here, or only there.
    fn changes(&self, other: &Self) -> Vec<String> {
        self.0.symmetric_difference(&other.0).cloned().collect()
    }

    /// What is here, is not there, and is not of a package's making.
    fn beside(self, other: &Self) -> Vec<String> {
        let of_packages = [
            "file /etc/",
            "file /var/lib/",
            "file /run/",
            "file /opt",
            "file /root/.ssh",
            "file /tmp/.",
            "group ",
            "network bridge",
            "network host",
            "network none",
            "swarm inactive",
        ];
        let users = ["postgres", "docker", "ssl-cert", "messagebus"];
        self.0
            .difference(&other.0)
            .filter(|line| {
                line.contains("longshore")
                    || !of_packages.iter().any(|known| line.starts_with(known))
                        && !users.iter().any(|name| line.ends_with(&format!(" {name}")))
                        && !line.contains("systemd")
                        && !line.starts_with("file /usr/local/lib/python")
                        && !line.starts_with("file /usr/local/share")
                        && !line.starts_with("file /var/mail")
            })
            .cloned()
            .collect()
    }
}

/// The checkout's installer, with the programs that this machine has built.
fn from_checkout(machine: &Machine, arguments: &str) -> Said {
    let workspace = workspace();
    let target = target().display().to_string();
    let mut variables = vec![
        ("LONGSHORE_BUILD_PROFILE", "dev"),
        ("LONGSHORE_DISK_FLOOR", "1MB"),
        ("SQLX_OFFLINE", "true"),
        ("CARGO_NET_OFFLINE", "true"),
        ("CARGO_TARGET_DIR", &target),
    ];
    // It belongs to the profile: cargo would compile everything anew.
    let incremental = std::env::var("CARGO_INCREMENTAL").ok();
    if let Some(value) = &incremental {
        variables.push(("CARGO_INCREMENTAL", value));
    }
    let script = format!("{}/install.sh {arguments}", workspace.display());
    machine.run_with(&variables, &script)
}

/// The checkout, what it has built, Rust and Node, in their places.
fn toolchain() -> Vec<(PathBuf, PathBuf)> {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/root".into()));
    let mut binds = vec![
        (workspace(), workspace()),
        (target(), target()),
        (home.join(".cargo"), "/root/.cargo".into()),
        (home.join(".rustup"), "/root/.rustup".into()),
    ];
    for program in ["/usr/bin/node", "/usr/lib/node_modules"] {
        binds.push((program.into(), program.into()));
    }
    binds
}

fn workspace() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace")
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}
