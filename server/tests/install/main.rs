//! `install.sh` against a release on a local HTTP server, with stand-ins for the programs and for
//! Docker, so that nothing on this machine is touched.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

mod machine;
mod packages;
mod refusals;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use machine::{Machine, run, text};

#[test]
fn a_release_is_installed_upgraded_and_removed() {
    let machine = Machine::new();
    let said = text(&run(&mut machine.installer()));
    assert!(said.contains("checksum is right"), "{said}");
    assert!(
        said.contains(&format!("http://127.0.0.1:{}", machine.ports[2])),
        "{said}"
    );
    assert_eq!(machine.calls(), ["up --detach"]);

    let config = machine.path("etc/longshore.toml");
    let written = fs::read_to_string(&config).unwrap();
    assert!(
        written.contains("instance = \"installtest\"\n"),
        "{written}"
    );
    assert!(
        written.contains("database_url = \"postgres://u:p@127.0.0.1/d\"\n"),
        "{written}"
    );
    assert_eq!(
        fs::metadata(&config).unwrap().permissions().mode() & 0o777,
        0o640
    );

    // The same release again changes nothing and stops nothing.
    fs::create_dir_all(machine.path("data/server")).unwrap();
    fs::write(machine.path("data/server/master.key"), "kept").unwrap();
    run(&mut machine.installer());
    assert_eq!(machine.calls(), ["up --detach"]);

    machine.publish("1.1.0");
    run(machine.installer().env("LONGSHORE_INSTANCE", "other"));
    assert_eq!(machine.calls(), ["down", "up --detach"]);
    assert!(machine.installed().contains("# 1.1.0"));
    assert_eq!(
        fs::read_to_string(&config).unwrap(),
        written,
        "an upgrade changed the settings"
    );

    run(machine.installer().arg("--uninstall"));
    assert_eq!(machine.calls(), ["down"]);
    assert!(!machine.path("prefix/bin/longshore").exists());
    assert_eq!(
        fs::read_to_string(machine.path("data/server/master.key")).unwrap(),
        "kept"
    );

    run(machine.installer().args(["--uninstall", "--purge"]));
    assert!(!machine.path("data").exists() && !config.exists());
    let told = fs::read_to_string(machine.path("docker.log")).unwrap();
    assert!(!told.contains("swarm") && !told.contains("prune"), "{told}");
}

#[test]
fn a_damaged_download_is_refused_and_nothing_is_installed() {
    let machine = Machine::new();
    let name = format!("release/longshore-1.0.0-{}.tar.gz", std::env::consts::ARCH);
    let mut tarball = fs::read(machine.path(&name)).unwrap();
    *tarball.last_mut().unwrap() ^= 1;
    fs::write(machine.path(&name), tarball).unwrap();
    let output = machine.installer().output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("is damaged"), "{}", text(&output));
    assert!(!machine.path("prefix").exists() && !machine.path("etc").exists());
}

#[test]
fn a_dry_run_says_every_step_and_changes_nothing() {
    let machine = Machine::new();
    let said = text(&run(machine.installer().arg("--dry-run")));
    for step in [
        "verify its SHA-256",
        "would install: longshore",
        "up --detach",
    ] {
        assert!(said.contains(step), "{said}");
    }
    assert!(!machine.path("prefix").exists() && !machine.path("etc").exists());
    assert!(machine.calls().is_empty());
}

#[test]
fn a_taken_port_is_refused_with_the_program_that_holds_it() {
    let machine = Machine::new();
    let _holder = TcpListener::bind(("127.0.0.1", machine.ports[0])).unwrap();
    let output = machine.installer().output().unwrap();
    let said = text(&output);
    assert!(!output.status.success());
    let expected = format!("(process {})", std::process::id());
    assert!(
        said.contains(&expected) && said.contains("LONGSHORE_PROXY_HTTP_PORT"),
        "{said}"
    );
}

#[test]
fn unknown_arguments_are_refused() {
    let machine = Machine::new();
    let output = machine.installer().arg("--force").output().unwrap();
    assert!(!output.status.success() && text(&output).contains("--force"));
    let output = machine.installer().arg("--purge").output().unwrap();
    assert!(!output.status.success() && text(&output).contains("--uninstall"));
}

#[test]
fn a_program_that_does_not_run_here_is_refused_and_the_installed_one_stays() {
    let machine = Machine::new();
    run(&mut machine.installer());
    let name = machine.release("1.1.0");
    machine.executable(
        &format!("release/{name}/longshore"),
        "#!/bin/sh\necho 'version GLIBC_9.9 not found' >&2\nexit 1\n",
    );
    machine.pack(&name, "1.1.0");
    let output = machine.installer().output().unwrap();
    let said = text(&output);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("does not run on this system"), "{said}");
    assert!(said.contains("GLIBC_9.9"), "{said}");
    assert!(machine.installed().contains("# 1.0.0"));
    assert_eq!(machine.calls(), ["up --detach"]);
}

#[test]
fn a_run_that_was_cut_off_after_the_programs_is_made_up_for() {
    let machine = Machine::new();
    run(&mut machine.installer());
    machine.calls();
    // The new programs are there, and the old ones still run.
    machine.publish("1.1.0");
    fs::write(machine.path("release/up-fails"), "").unwrap();
    assert!(!machine.installer().output().unwrap().status.success());
    assert!(machine.installed().contains("# 1.1.0"));
    machine.calls();

    fs::remove_file(machine.path("release/up-fails")).unwrap();
    run(&mut machine.installer());
    assert_eq!(machine.calls(), ["down", "up --detach"]);
    run(&mut machine.installer());
    assert_eq!(machine.calls(), ["up --detach"]);
}
