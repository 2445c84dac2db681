//! Who runs as whom, and what the server process cannot do.

use std::fs;
use std::path::Path;
use std::process::Command;

use longshore_e2e::longshore::{Longshore, SERVER_USER};

/// A process of that Longshore: its number, its effective user's number, its groups, its command.
struct Process {
    pid: u32,
    user: u32,
    groups: String,
    command: String,
}

fn processes(folder: &Path) -> Vec<Process> {
    let marker = folder.to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            line.unwrap_or_default()[..].to_owned()
        };
        if command.contains(&marker) {
            found.push(Process {
                pid,
                user: number(&field("Uid:"), 2),
                groups: field("Groups:")
                    .replace("Groups:", "")
                    .trim()
                    .replace(' ', ","),
                command,
            });
        }
    }
    found
}

fn number(line: &str, field: usize) -> u32 {
    let word = line.split_whitespace().nth(field).expect("a number");
    word.parse().expect("a number")
}

fn id(user: &str) -> u32 {
    let output = Command::new("id").args(["-u", user]).output().expect("id");
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_unprivileged_and_cannot_open_the_docker_socket() {
    let longshore = Longshore::start().await;
    let all = processes(longshore.folder());
    for process in &all {
        eprintln!("{:>6} {:>6} {}", process.pid, process.user, process.command);
    }
    let one = |name: &str, words: &str| {
        all.iter()
            .find(|process| process.command.contains(words))
            .unwrap_or_else(|| panic!("no {name}"))
    };
    let server = one("server", "/longshore serve");
    assert_eq!(server.user, id(SERVER_USER));
    assert_eq!(one("agent", "/longshore-agent").user, 0);
    assert_eq!(one("database", "postgres").user, id("postgres"));

    // As that user, with the groups that the process has, Docker's socket stays closed.
    let docker = |user: u32, groups: &str| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &user.to_string(), "--regid", &user.to_string()]);
        if groups.is_empty() {
            command.arg("--clear-groups");
        } else {
            command.args(["--groups", groups]);
        }
        command
            .args(["curl", "--silent", "--show-error", "--max-time", "5"])
            .args([
                "--unix-socket",
                "/var/run/docker.sock",
                "http://docker/version",
            ])
            .output()
            .expect("curl")
    };
    assert!(docker(0, "").status.success(), "root reaches Docker");
    let refused = docker(server.user, &server.groups);
    assert!(!refused.status.success());
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        message.contains("Permission denied") || message.contains("connect"),
        "{message}"
    );

    // Nor has it a connection to it already: no other than to the agent, the database, the network.
    let limits = fs::read_to_string(format!("/proc/{}/status", server.pid)).expect("its status");
    let capabilities = limits.lines().find(|line| line.starts_with("CapEff:"));
    assert_eq!(capabilities, Some("CapEff:\t0000000000000000"));
}
