//! Machines with a history: what is there is used, and left as it is.
//!
//! Runs alone: machines of its own take the packages' downloads from one place.

use longshore_e2e::pristine::Machine;
use longshore_sandbox::roots::System;

/// The layer of a Debian 12 that has nearly everything, and runs nothing of it.
pub const NAME: &str = "furnished";

/// Its packages; pip is left for the installer.
pub const PACKAGES: [&str; 6] = [
    "docker.io",
    "iptables",
    "curl",
    "ca-certificates",
    "postgresql",
    "libssl3",
];

/// A machine that somebody uses: PostgreSQL at its usual port, a Swarm with a service, Docker
/// stopped. And that is odd: a Turkish locale, no IPv6, /tmp without the right to run programs, 1 GB
/// of memory, another program that installs packages just now.
#[test]
fn docker_a_swarm_and_a_database_that_are_there_are_used_and_left_as_they_are() {
    let machine = Machine::with_packages(System::Debian12, NAME, &PACKAGES);
    let odd = r"set -e
        localedef -i tr_TR -f UTF-8 tr_TR.UTF-8
        mount -t tmpfs -o noexec,mode=1777 tmp /tmp
        echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
        mount --bind /dev/null /proc/net/tcp6
        sed 's/^MemTotal:.*/MemTotal: 957000 kB/' /proc/meminfo >meminfo
        mount --bind meminfo /proc/meminfo
        echo 1G >/sys/fs/cgroup/memory/memory.limit_in_bytes || echo 1G >/sys/fs/cgroup/memory.max";
    machine.run(odd).done();
    let database = r#"set -e
        pg_ctlcluster 15 main start
        su postgres -c "psql -qc 'CREATE TABLE theirs AS SELECT 42 AS answer'""#;
    machine.run(database).done();
    let swarm = r#"set -e
        setsid dockerd </dev/null >/var/log/dockerd.log 2>&1 &
        until docker version >/dev/null 2>&1; do sleep 0.1; done
        docker swarm init --advertise-addr 127.0.0.1 >/dev/null
        tar -chf - usr/bin/sleep lib64/ld-linux-x86-64.so.2 lib/x86_64-linux-gnu/libc.so.6 -C / |
            docker import - theirs/sleep >/dev/null
        docker service create --quiet --detach --no-resolve-image --name theirs theirs/sleep sleep 1000
        until [ -n "$(docker ps -q)" ]; do sleep 0.1; done
        kill $(cat /var/run/docker.pid)
        while [ -e /var/run/docker.pid ]; do sleep 0.1; done"#;
    machine
        .run(
            &swarm
                .replace("tar -chf - ", "tar -C / -chf - ")
                .replace(" -C / |", " |"),
        )
        .done();
    let theirs = r#"
        head -n 1 /var/lib/postgresql/15/main/postmaster.pid
        su postgres -c "psql -Atc 'SELECT answer FROM theirs'"
        cat /etc/postgresql/15/main/postgresql.conf | sha256sum
        docker info --format '{{.Swarm.Cluster.ID}} {{.Swarm.NodeID}}'
        docker service ls --filter name=theirs --format '{{.ID}} {{.Name}}'
        docker image inspect --format '{{.Id}}' theirs/sleep"#;

    // Somebody's apt holds the lock for a while.
    let lock = r#"perl -e 'open F, ">>/var/lib/dpkg/lock-frontend";
        $lock = pack("s s x4 q q i x4", 1, 0, 0, 0, 0);
        fcntl(F, 6, $lock) or die; print "locked\n"; close STDOUT;
        until (-e "/root/waited") { select undef, undef, undef, 0.1 }' >locked 2>/dev/null &
        until [ -s locked ]; do sleep 0.1; done"#;
    machine.run(lock).done();
    machine
        .run("(until grep -q 'waiting for its end' said 2>/dev/null; do sleep 0.2; done; touch waited) >/dev/null 2>&1 &")
        .done();
    let url = machine.release_url();
    let script = format!(
        "LONGSHORE_RELEASE_URL={url} LONGSHORE_INSTANCE=liman sh -c \
         'cat install.sh | sh' >said 2>&1; status=$?; cat said; exit $status"
    );
    machine.install("--help").done();
    let turkish = [("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")];
    let said = machine.run_with(&turkish, &script).done();
    assert!(said.contains("perl (process "), "{said}");
    assert!(said.contains("starting dockerd"), "{said}");
    let written = machine.run("cat /etc/longshore/longshore.toml").done();
    assert!(written.contains("instance = \"liman\""), "{written}");
    machine.run("longshore status").done();

    let before = machine.run(theirs).done();
    assert!(
        before.contains("\n42\n") && before.contains(" theirs\n"),
        "{before}"
    );
    machine
        .install_with(&[("LONGSHORE_INSTANCE", "liman")], "--uninstall --purge")
        .done();
    assert_eq!(
        machine.run(theirs).done(),
        before,
        "what was there has changed"
    );
    machine
        .run("until [ -n \"$(docker ps -q --filter name=theirs)\" ]; do sleep 0.2; done")
        .done();
}

/// With systemd as process 1.
#[test]
fn under_systemd_it_is_a_service_that_survives_a_restart_of_docker() {
    let packages = [
        &["systemd", "systemd-sysv", "dbus"],
        &PACKAGES[..],
        &["python3-pip"],
    ]
    .concat();
    let machine = Machine::with_init(System::Debian12, "systemd", &packages, "/sbin/init");
    machine
        .run("until systemctl is-system-running | grep -q 'running\\|degraded'; do sleep 0.2; done")
        .done();
    machine
        .run("systemctl stop docker.service docker.socket")
        .done();
    let said = machine.install("").done();
    assert!(!said.contains("There is no systemd here"), "{said}");
    let state = "systemctl is-enabled longshore docker && systemctl is-active longshore docker";
    assert_eq!(
        machine.run(state).done(),
        "enabled\nenabled\nactive\nactive\n"
    );

    machine.run("systemctl restart docker").done();
    let ready = "for i in $(seq 300); do curl -fsS http://127.0.0.1:3000/readyz && exit; sleep 0.2; done; exit 1";
    machine.run(ready).done();
    assert_eq!(
        machine.run("systemctl is-active longshore").done(),
        "active\n"
    );
    machine.run("systemctl restart longshore").done();
    machine.run(ready).done();

    machine.install("--uninstall").done();
    machine
        .run("! systemctl cat longshore && ! systemctl is-active longshore")
        .done();
    machine.install("--uninstall --purge").done();
    machine
        .run("! find /etc /run /var /usr/local -name '*longshore*' | grep .")
        .done();
}
