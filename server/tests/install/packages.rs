//! What the installer asks apt for, on a machine that has next to nothing.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::machine::{Machine, run, text};

/// What a minimal Debian has.
const TOOLS: [&str; 40] = [
    "awk",
    "chmod",
    "chown",
    "cmp",
    "cp",
    "cut",
    "date",
    "df",
    "dirname",
    "env",
    "find",
    "getent",
    "grep",
    "gzip",
    "head",
    "id",
    "install",
    "ldconfig",
    "mkdir",
    "mktemp",
    "mv",
    "nsenter",
    "paste",
    "rm",
    "rmdir",
    "sed",
    "setsid",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "tail",
    "tar",
    "timeout",
    "touch",
    "tr",
    "uname",
    "useradd",
    "wc",
    "wget",
];

/// Without Docker and with an apt that has packages of these names, and knows `docker-ce`,
/// `docker-cli` and others from what those mention.
fn bare(candidates: &[&str]) -> Machine {
    let machine = Machine::new();
    for program in ["docker", "dockerd"] {
        let standin = machine.path("standins").join(program);
        fs::rename(standin, machine.path(program)).unwrap();
    }
    fs::create_dir(machine.path("candidates")).unwrap();
    for name in candidates {
        fs::write(machine.path("candidates").join(name), "").unwrap();
    }
    for tool in TOOLS {
        let found = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
            .map(|folder| Path::new(folder).join(tool))
            .into_iter()
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("{tool} is missing"));
        symlink(found, machine.path("standins").join(tool)).unwrap();
    }
    let root = machine.path("").display().to_string();
    machine.executable("standins/dpkg-query", "#!/bin/sh\nexit 1\n");
    machine.executable(
        "standins/apt-cache",
        &format!(
            "#!/bin/sh\n\
             while [ \"$1\" = -o ]; do shift 2; done\n\
             [ \"$1\" = policy ] || exit 0\n\
             candidate='(none)'\n\
             if [ -e {root}candidates/$2 ]; then candidate=1.0; fi\n\
             printf '%s:\\n  Installed: (none)\\n  Candidate: %s\\n' \"$2\" \"$candidate\"\n"
        ),
    );
    // Fails as apt does where there is no candidate; installing makes Docker appear.
    machine.executable(
        "standins/apt-get",
        &format!(
            "#!/bin/sh\n\
             echo \"$@\" >>{root}apt.log\n\
             if [ -s {root}apt-fails ]; then\n\
               read -r line <{root}apt-fails\n\
               sed -i 1d {root}apt-fails\n\
               echo \"E: $line\" >&2\n\
               exit 100\n\
             fi\n\
             simulated= install= named=\n\
             for word; do\n\
               case $word in\n\
               install) install=yes ;;\n\
               -s) simulated=yes ;;\n\
               -* | *::* | Dir*) ;;\n\
               *)\n\
                 [ -n \"$install\" ] || continue\n\
                 named=yes\n\
                 if [ ! -e {root}candidates/$word ]; then\n\
                   echo \"E: Package '$word' has no installation candidate\" >&2\n\
                   exit 100\n\
                 fi\n\
                 echo \"Inst $word (1.0)\"\n\
                 ;;\n\
               esac\n\
             done\n\
             if [ -n \"$simulated\" ] && [ -e {root}removes ]; then echo 'Remv podman-docker [5.4]'; fi\n\
             if [ -n \"$named\" ] && [ -z \"$simulated\" ]; then\n\
               for program in docker dockerd; do\n\
                 [ ! -e {root}$program ] || mv {root}$program {root}standins/$program\n\
               done\n\
             fi\n"
        ),
    );
    machine
}

fn installer(machine: &Machine) -> Command {
    let mut command = machine.installer();
    command.env("PATH", machine.path("standins"));
    command
}

/// The packages after these words.
fn packages(said: &str, words: &str) -> Vec<String> {
    let line = said
        .lines()
        .find_map(|line| line.trim().strip_prefix(words));
    let line = line.unwrap_or_else(|| panic!("{words}: {said}"));
    line.split_whitespace().map(str::to_owned).collect()
}

const ELSE: [&str; 4] = ["iptables", "libssl3", "ca-certificates", "python3-pip"];

#[test]
fn a_package_that_is_only_mentioned_is_never_asked_for() {
    let docker = |names: &[&str], docker: &[&str]| {
        let machine = bare(&[names, &ELSE].concat());
        let said = text(&run(&mut installer(&machine)));
        let installed = packages(&said, "installing: ");
        let of_docker = installed
            .iter()
            .filter(|name| name.starts_with("docker") || name.starts_with("containerd"));
        assert_eq!(of_docker.collect::<Vec<_>>(), docker, "{said}");
    };
    // Debian 12, Debian 13, and with Docker's own repository.
    docker(&["docker.io"], &["docker.io"]);
    docker(&["docker.io", "docker-cli"], &["docker.io", "docker-cli"]);
    docker(
        &["docker.io", "docker-ce", "docker-ce-cli", "containerd.io"],
        &["docker-ce", "docker-ce-cli", "containerd.io"],
    );
}

#[test]
fn a_dry_run_names_the_packages_that_a_run_installs_and_installs_none() {
    let machine = bare(&[&["docker.io"], &ELSE[..]].concat());
    let dry = text(&run(installer(&machine).arg("--dry-run")));
    let told = fs::read_to_string(machine.path("apt.log")).unwrap();
    for line in told.lines() {
        let reads = line.contains("Dir::State::Lists=") && line.ends_with(" update");
        assert!(reads || line.contains(" install -s "), "{line}");
    }
    let real = text(&run(&mut installer(&machine)));
    assert_eq!(
        packages(&dry, "would install: "),
        packages(&real, "installing: ")
    );
}

#[test]
fn a_system_that_has_no_package_of_docker_is_told_so() {
    let machine = bare(&ELSE);
    let output = installer(&machine).output().unwrap();
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("no package docker.io") && said.contains("Debian 12"),
        "{said}"
    );
    let told = fs::read_to_string(machine.path("apt.log")).unwrap();
    assert!(!told.contains(" install "), "{told}");
}

#[test]
fn a_locked_apt_is_waited_for_and_its_holder_named() {
    let machine = bare(&[&["docker.io"], &ELSE[..]].concat());
    let lock =
        "Could not get lock /var/lib/apt/lists/lock. It is held by process 77 (unattended-upgr)";
    fs::write(machine.path("apt-fails"), format!("{lock}\n")).unwrap();
    let said = text(&run(&mut installer(&machine)));
    assert!(said.contains("unattended-upgr (process 77)"), "{said}");
}

#[test]
fn a_package_of_somebody_else_is_never_removed() {
    let machine = bare(&[&["docker.io"], &ELSE[..]].concat());
    fs::write(machine.path("removes"), "").unwrap();
    let output = installer(&machine).output().unwrap();
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("have to remove podman-docker"), "{said}");
    assert!(!machine.path("standins/dockerd").exists(), "{said}");
}

#[test]
fn packages_that_were_cut_off_are_finished_first() {
    let machine = bare(&[&["docker.io"], &ELSE[..]].concat());
    let calls = machine.path("dpkg.log").display().to_string();
    machine.executable(
        "standins/dpkg",
        &format!(
            "#!/bin/sh\n[ \"$1\" != --print-architecture ] || {{ echo amd64; exit; }}\n\
             echo \"$@\" >>{calls}\n"
        ),
    );
    let words = "dpkg was interrupted, you must manually run 'dpkg --configure -a'";
    // The lists are asked for first.
    fs::write(machine.path("apt-fails"), format!("{words}\n")).unwrap();
    let said = text(&run(&mut installer(&machine)));
    assert!(said.contains("is finished first"), "{said}");
    let called = fs::read_to_string(calls).unwrap();
    assert!(called.contains("--configure -a"), "{called}");
}
