//! Machines that Longshore refuses, with the real thing that it refuses on them.
//!
//! Runs alone: machines of its own take the packages' downloads from one place.

use longshore_e2e::pristine::Machine;
use longshore_sandbox::roots::System;

use super::history::{NAME, PACKAGES};

/// All in one machine: each is refused, and then put right.
#[test]
fn what_is_wrong_is_named_with_what_to_do() {
    let machine = Machine::with_packages(System::Debian12, NAME, &PACKAGES);

    // Memory and disk.
    let meminfo = |kilobytes: u32| {
        let script = format!(
            "umount /proc/meminfo 2>/dev/null; sed 's/^MemTotal:.*/MemTotal: {kilobytes} kB/' \
             /proc/meminfo >meminfo && mount --bind meminfo /proc/meminfo"
        );
        machine.run(&script).done();
    };
    meminfo(500_000);
    machine.install("--dry-run").refused("a machine with 1 GB");
    // What is sold as 1 GB.
    meminfo(957_000);
    let said = machine.install("--dry-run").done();
    assert!(said.contains("builds may run out"), "{said}");
    machine.run("umount /proc/meminfo").done();
    machine
        .run("mkdir -p /var/lib/longshore && mount -t tmpfs -o size=100m full /var/lib/longshore")
        .done();
    machine
        .install("--dry-run")
        .refused("only 100 MB are free for /var/lib/longshore");
    machine
        .run("umount /var/lib/longshore && rmdir /var/lib/longshore")
        .done();

    // Ports, and who has them; also those of a Swarm.
    for (port, words) in [
        (80, "set LONGSHORE_PROXY_HTTP_PORT"),
        (443, "set LONGSHORE_PROXY_HTTPS_PORT"),
        (3000, "set LONGSHORE_LISTEN"),
        (7946, "Swarm mode needs it"),
    ] {
        let holder = "socket(S, 2, 1, 0); setsockopt(S, 1, 2, pack(\"i\", 1)); \
                      bind(S, pack(\"S n x12\", 2, $ARGV[0])) or die; listen(S, 1); sleep";
        let script = format!(
            "perl -e '{holder}' {port} >/dev/null 2>&1 & echo $! >holder; \
             until grep -qi ':{port:04X} 00000000:0000 0A' /proc/net/tcp; do :; done"
        );
        machine.run(&script).done();
        let said = machine.install("").refused(words);
        assert!(
            said.contains(&format!("port {port} is held by perl (process ")),
            "{said}"
        );
        machine
            .run("kill $(cat holder); while kill -0 $(cat holder); do :; done")
            .done();
    }

    // A Docker of somebody's own beside the machine's.
    let socket = "mkdir -p /run/user/1000 && perl -e 'socket(S, 1, 1, 0); \
                  bind(S, pack(\"S a*\", 1, \"/run/user/1000/docker.sock\")) or die'";
    machine.run(socket).done();
    let elsewhere = ("DOCKER_HOST", "unix:///run/user/1000/docker.sock");
    let said = machine.install_with(&[elsewhere], "--dry-run").done();
    assert!(
        said.contains("a rootless Docker (/run/user/1000/docker.sock)"),
        "{said}"
    );
    assert!(
        said.contains("is not used: Longshore uses this machine's own"),
        "{said}"
    );

    // A Docker that does not start says why.
    machine.run("mkdir -p /etc/docker && echo '{\"storage-driver\": 1}' >/etc/docker/daemon.json");
    let said = machine.install("").refused("Docker does not start");
    assert!(
        said.contains("its configuration /etc/docker/daemon.json is wrong"),
        "{said}"
    );
    machine.run("rm /etc/docker/daemon.json").done();

    // Nothing came of all that.
    machine
        .run("! ls -d /etc/longshore /var/lib/longshore /usr/local/bin/longshore*")
        .done();
}

#[test]
fn podman_under_dockers_name_is_refused() {
    let machine = Machine::with_packages(System::Debian13, "podman", &["podman-docker"]);
    let said = machine.install("").refused("remove podman-docker");
    assert!(said.contains("Podman may stay"), "{said}");
}

/// Packages of Docker's own names, as its repository has them; tiny, because they are only planned.
#[test]
fn with_dockers_repository_its_own_packages_are_taken() {
    let machine = Machine::pristine(System::Debian12);
    let script = "set -e
        mkdir repository && cd repository
        for name in docker-ce docker-ce-cli containerd.io docker-compose-plugin; do
            mkdir -p $name/DEBIAN
            printf 'Package: %s\\nVersion: 5:29.0\\nArchitecture: all\\nMaintainer: x <x@example.org>\\n\
Description: x\\n' $name >$name/DEBIAN/control
            dpkg-deb --build $name $name.deb >/dev/null
            cat $name/DEBIAN/control
            printf 'Filename: ./%s.deb\\nSize: %s\\nSHA256: %s\\n\\n' $name $(stat -c %s $name.deb) \\
                $(sha256sum $name.deb | cut -d ' ' -f 1)
        done >Packages
        echo \"deb [trusted=yes] file:$PWD ./\" >/etc/apt/sources.list.d/docker.list";
    machine.run(script).done();
    let plan = machine.install("--dry-run");
    assert!(plan.is_success, "{}", plan.text);
    let packages = plan.after("would install: ");
    let expected = "docker-ce docker-ce-cli containerd.io docker-compose-plugin ";
    assert!(packages.starts_with(expected), "{packages}");
    assert!(!packages.contains("docker.io"), "{packages}");
}
