//! The programs that change the kernel's rules. Docker needs them too; whether they speak
//! to nftables or to its predecessor is the machine's choice.

use std::process::Stdio;
use std::time::Duration;

use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::rules::TABLE;
use crate::engine::{brief, problem};

/// The seconds that another program may hold the lock on the rules.
const LOCK_SECONDS: &str = "10";
const LIMIT: Duration = Duration::from_secs(20);

/// Which of the two Internet protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    fn program(self) -> &'static str {
        match self {
            Self::V4 => "iptables",
            Self::V6 => "ip6tables",
        }
    }
}

/// The rules of the table, as a script that would make them.
pub(super) async fn list(family: Family) -> Result<String, AgentProblem> {
    let arguments = ["--wait", LOCK_SECONDS, "-t", TABLE, "-S"];
    run(family.program(), &arguments, String::new()).await
}

/// Makes all changes of a text at once, or none.
pub(super) async fn restore(family: Family, text: String) -> Result<(), AgentProblem> {
    let program = format!("{}-restore", family.program());
    let arguments = ["--noflush", "--wait", LOCK_SECONDS];
    run(&program, &arguments, text).await.map(drop)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the only place that starts programs for packet filters, which have no other stable API"
)]
async fn run(program: &str, arguments: &[&str], input: String) -> Result<String, AgentProblem> {
    let work = async {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(&format!("{program} cannot be started: {error}")))?;
        if let Some(mut stdin) = child.stdin.take() {
            // Who does not read all of it says why.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let output = child.wait_with_output().await;
        output.map_err(|error| failed(&format!("{program} cannot be read: {error}")))
    };
    let output = tokio::time::timeout(LIMIT, work)
        .await
        .map_err(|_| failed(&format!("{program} does not end")))??;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = brief(&String::from_utf8_lossy(&output.stderr));
    Err(failed(&format!("{program} failed: {said}")))
}

fn failed(reason: &str) -> AgentProblem {
    problem(
        FailureKind::EngineUnavailable,
        format!("Swarm's ports cannot be closed: {reason}."),
    )
}
