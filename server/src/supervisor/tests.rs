//! Tests of the supervisor with a real PostgreSQL.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{sleep, timeout};

use super::pid_file::{PidFile, ProcessIdentity};
use super::process::Program;
use super::up::Supervision;
use super::*;
use crate::config::{self, Environment, FlagValues};

/// A plan whose directories are below `root`. The agent and the server cannot start there, which
/// does not disturb the database.
fn plan(root: &Path) -> Plan {
    std::fs::set_permissions(root, Permissions::from_mode(0o755)).unwrap();
    let environment: Environment = [
        ("LONGSHORE_CONFIG", "/dev/null".to_owned()),
        (
            "LONGSHORE_DATA_DIR",
            root.join("data").display().to_string(),
        ),
        ("LONGSHORE_RUN_DIR", root.join("run").display().to_string()),
        ("LONGSHORE_LISTEN", "127.0.0.1:1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let config = config::load(&FlagValues::default(), &environment).unwrap();
    let mut plan = Plan::settle(config, environment).unwrap();
    plan.server_binary = root.join("absent");
    plan.agent_binary = root.join("absent");
    plan
}

/// The database's process once it accepts connections, other than `not`.
async fn database(root: &Path, not: Option<ProcessIdentity>) -> ProcessIdentity {
    let file = PidFile::new(&root.join("run"), "database");
    let note = root.join("data/postgres/cluster/postmaster.pid");
    let found = async {
        loop {
            let text = std::fs::read_to_string(&note).unwrap_or_default();
            let ready = |process: ProcessIdentity| {
                text.starts_with(&format!("{}\n", process.pid)) && text.contains("ready")
            };
            match file.running() {
                Some(process) if Some(process) != not && ready(process) => return process,
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(Duration::from_mins(1), found)
        .await
        .expect("the database did not get ready")
}

/// Runs a statement as the role `longshore` and returns what it printed.
async fn query(root: &Path, statement: &str) -> String {
    let output = Program::new("/usr/bin/psql")
        .argument("-XqAtd")
        .argument("longshore")
        .argument("-h")
        .argument(root.join("run/postgres"))
        .argument("-U")
        .argument("longshore")
        .argument("-c")
        .argument(statement)
        .variables([("PATH", "/usr/bin:/bin")])
        .run(b"")
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn the_embedded_database_survives_kill_9_of_itself_and_of_the_supervisor() {
    let root = tempfile::tempdir().unwrap();
    let supervision = Supervision::start(plan(root.path()), false).await.unwrap();
    let first = database(root.path(), None).await;
    query(
        root.path(),
        "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')",
    )
    .await;

    process::signal(first.pid, Signal::KILL).unwrap();
    let second = database(root.path(), Some(first)).await;
    assert_eq!(query(root.path(), "SELECT word FROM kept").await, "here");

    // A killed supervisor leaves its parts and a lock that the system has released.
    supervision.abandon().await;
    assert!(second.is_alive());
    let supervision = Supervision::start(plan(root.path()), false).await.unwrap();
    let third = database(root.path(), Some(second)).await;
    assert!(!second.is_alive(), "two databases on one cluster");
    assert_eq!(query(root.path(), "SELECT word FROM kept").await, "here");

    supervision.stop().await;
    assert!(!third.is_alive());
    let left: Vec<_> = std::fs::read_dir(root.path().join("run"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "pid" || end == "json")
        })
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn only_the_unix_socket_is_open_and_the_directories_are_tight() {
    let root = tempfile::tempdir().unwrap();
    let supervision = Supervision::start(plan(root.path()), false).await.unwrap();
    database(root.path(), None).await;
    assert_eq!(query(root.path(), "SHOW listen_addresses").await, "");
    let mode = |path: &str| {
        std::fs::metadata(root.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("data/postgres"), 0o700);
    assert_eq!(mode("data/postgres/cluster"), 0o700);
    assert_eq!(mode("data/server"), 0o700);
    assert_eq!(mode("data/agent"), 0o700);
    assert_eq!(mode("run/postgres"), 0o750);
    supervision.stop().await;
}

#[tokio::test]
async fn a_second_supervisor_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let supervision = Supervision::start(plan(root.path()), false).await.unwrap();
    let refused = Supervision::start(plan(root.path()), false).await;
    let text = refused
        .err()
        .expect("a second supervisor started")
        .to_string();
    assert!(text.contains("already runs"), "{text}");
    supervision.stop().await;
}

#[tokio::test]
async fn a_part_that_cannot_start_is_tried_again_and_says_why() {
    let root = tempfile::tempdir().unwrap();
    let supervision = Supervision::start(plan(root.path()), false).await.unwrap();
    let failing = async {
        loop {
            let states = board::read(&root.path().join("run"));
            let agent = states.into_iter().find(|state| state.part == Part::Agent);
            match agent {
                Some(agent) if agent.restarts >= 2 => return agent,
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let agent = timeout(Duration::from_secs(30), failing).await.unwrap();
    assert!(
        agent
            .last_end
            .unwrap()
            .contains("is missing; install it again")
    );
    supervision.stop().await;
}

#[tokio::test]
async fn a_reused_process_id_is_not_taken_for_the_process_before_it() {
    let directory = tempfile::tempdir().unwrap();
    let own = ProcessIdentity::of(std::process::id()).unwrap();
    let file = PidFile::new(directory.path(), "part");
    file.write(own).unwrap();
    assert_eq!(file.running(), Some(own));
    std::fs::write(
        directory.path().join("part.pid"),
        format!("{}\n1\n", own.pid),
    )
    .unwrap();
    assert_eq!(file.running(), None);
}
