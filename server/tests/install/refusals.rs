//! Machines on which Longshore cannot run: refused in words, before anything is installed.

use std::process::Output;

use crate::machine::{Machine, text};

/// The installer's words, after it refused and installed nothing.
fn refusal(machine: &Machine, output: &Output) -> String {
    let said = text(output);
    assert!(!output.status.success(), "{said}");
    assert!(
        !machine.path("prefix").exists() && !machine.path("etc").exists(),
        "{said}"
    );
    said
}

#[test]
fn a_docker_that_cannot_do_it_is_refused_with_what_to_do() {
    for (question, answer, words) in [
        ("version", "podman version 5.4.2", "remove podman-docker"),
        (
            "components",
            "Podman Engine",
            "systemctl disable --now podman.socket",
        ),
        ("api", "1.40", "20.10 is the least"),
        (
            "root",
            "/var/snap/docker/common/var-lib-docker",
            "snap remove docker",
        ),
        ("live-restore", "true", "take that line out"),
        ("swarm", "active false", "docker node promote"),
        ("swarm", "locked false", "docker swarm unlock"),
        ("swarm", "error false", "docker swarm leave --force"),
    ] {
        let machine = Machine::new();
        machine.docker_answers(question, answer);
        let output = machine.installer().output().unwrap();
        let said = refusal(&machine, &output);
        assert!(said.contains(words), "{question}: {said}");
    }
}

#[test]
fn an_architecture_that_has_no_programs_is_refused_by_its_name() {
    for architecture in ["armv7l", "riscv64", "i686", "s390x"] {
        let machine = Machine::new();
        machine.executable(
            "standins/uname",
            &format!("#!/bin/sh\n[ \"$1\" = -m ] && echo {architecture} || echo Linux\n"),
        );
        let output = machine.installer().output().unwrap();
        let said = refusal(&machine, &output);
        assert!(
            said.contains(architecture) && said.contains("aarch64"),
            "{said}"
        );
    }
}

#[test]
fn a_system_of_32_bits_on_a_kernel_of_64_is_refused() {
    let machine = Machine::new();
    machine.executable("standins/dpkg", "#!/bin/sh\necho armhf\n");
    let output = machine.installer().output().unwrap();
    assert!(refusal(&machine, &output).contains("armhf"));
}

#[test]
fn who_is_not_root_is_told_the_command_that_works() {
    let machine = Machine::new();
    machine.executable(
        "standins/id",
        "#!/bin/sh\n[ \"$1\" = -u ] && echo 1000 || echo kim\n",
    );
    let output = machine.installer().output().unwrap();
    let said = refusal(&machine, &output);
    assert!(
        said.contains("/install.sh | sudo sh") && said.contains("kim"),
        "{said}"
    );
}

#[test]
fn a_docker_elsewhere_is_not_used() {
    let machine = Machine::new();
    let mut command = machine.installer();
    command.env("DOCKER_HOST", "unix:///run/user/1000/docker.sock");
    let output = command.output().unwrap();
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("DOCKER_HOST=unix:///run/user/1000/docker.sock is not used"),
        "{said}"
    );
}
