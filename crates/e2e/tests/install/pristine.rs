//! `install.sh` on machines that nobody prepared: what debootstrap makes, and nothing else.
//!
//! A run takes one system whole, from nothing to an app that answers and back to nothing, another
//! one with each commit; of the others it takes the plan. `cargo xtask pristine` takes any whole.
//!
//! Runs alone: machines of its own take the packages' downloads from one place.

use std::process::Command;

use longshore_e2e::pristine::Machine;
use longshore_e2e::pristine::journey::{self, Origin};
use longshore_sandbox::roots::System;

/// Whether this run takes that system whole.
fn is_whole(system: System) -> bool {
    if std::env::var_os("LONGSHORE_TEST_ALL_FAULTS").is_some() {
        return true;
    }
    let commit = Command::new("git").args(["rev-parse", "HEAD"]).output();
    let commit = String::from_utf8_lossy(&commit.expect("git").stdout).into_owned();
    let number = commit.bytes().map(usize::from).sum::<usize>();
    System::ALL[number % System::ALL.len()] == system
}

async fn installed(system: System, docker: &[&str], postgres: &str) {
    if is_whole(system) {
        journey::whole(system, Origin::Release, false).await;
        return;
    }
    let machine = Machine::pristine(system);
    let plan = machine.install("--dry-run");
    assert!(plan.is_success, "{}", plan.text);
    let packages = plan.after("would install: ");
    let packages: Vec<_> = packages.split(' ').collect();
    assert_eq!(packages[..docker.len()], *docker, "{}", plan.text);
    assert!(packages.contains(&"postgresql"), "{}", plan.text);
    // Apt has resolved it all: what is asked for can be installed.
    assert!(
        plan.text.contains(&format!(" {postgres} ")),
        "{}",
        plan.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_debian_12_an_app_answers_and_a_purge_leaves_nothing() {
    installed(System::Debian12, &["docker.io"], "postgresql-15").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_debian_13_an_app_answers_and_a_purge_leaves_nothing() {
    installed(
        System::Debian13,
        &["docker.io", "docker-cli"],
        "postgresql-17",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_debian_testing_an_app_answers_and_a_purge_leaves_nothing() {
    installed(
        System::DebianTesting,
        &["docker.io", "docker-cli"],
        "postgresql-18",
    )
    .await;
}

#[test]
fn from_a_checkout_missing_tools_are_named_before_anything_is_installed() {
    let machine = Machine::pristine(System::Debian12);
    let workspace = std::path::Path::new("../..");
    let place = machine.path("/root/checkout");
    std::fs::create_dir_all(place.join("server")).expect("a folder");
    for file in ["install.sh", "Cargo.toml", "server/Cargo.toml"] {
        std::fs::copy(workspace.join(file), place.join(file)).expect("a file");
    }
    let said = machine.run("sh checkout/install.sh").refused("Rust 1.");
    assert!(
        said.contains("Node.js 20") && !said.contains("apt"),
        "{said}"
    );
}
