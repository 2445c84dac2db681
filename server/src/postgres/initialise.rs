//! Makes the cluster: all of it or nothing.

use std::fs;
use std::process::Output;

use super::PostgresError;
use super::binaries::Binaries;
use super::cluster::{Cluster, ROLE, SUPERUSER};
use crate::supervisor::process::Program;

/// Characters of a failed program's output that are shown.
const SHOWN_CHARACTERS: usize = 2000;

/// Makes the cluster under another name, with the role and the database in it, and renames it
/// when it is complete, so that a crash in between leaves nothing that looks like a cluster.
pub(super) async fn make(cluster: &Cluster, binaries: &Binaries) -> Result<(), PostgresError> {
    let unfinished = cluster.directory.with_extension("unfinished");
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(PostgresError::io("remove", unfinished)(error));
        }
        _ => {}
    }
    tracing::info!(directory = %cluster.directory.display(), "making the database cluster");

    let initdb = Program::new(binaries.initdb())
        .argument("--pgdata")
        .argument(&unfinished)
        .argument("--username")
        .argument(SUPERUSER)
        .argument("--auth=peer")
        .argument("--encoding=UTF8")
        .argument("--locale=C.UTF-8")
        .argument("--data-checksums")
        .argument("--no-instructions")
        .run_as(&cluster.owner);
    run(&initdb, b"").await?;

    // The single-user mode needs neither a socket nor a client program; it takes one statement a
    // line.
    let statements = format!("CREATE ROLE {ROLE} LOGIN;\nCREATE DATABASE {ROLE} OWNER {ROLE};\n");
    let single = Program::new(binaries.postgres())
        .argument("--single")
        .argument("-D")
        .argument(&unfinished)
        .argument("-c")
        .argument("exit_on_error=on")
        .argument("postgres")
        .run_as(&cluster.owner);
    run(&single, statements.as_bytes()).await?;

    fs::rename(&unfinished, &cluster.directory)
        .map_err(PostgresError::io("rename to its final name", unfinished))
}

async fn run(program: &Program, input: &[u8]) -> Result<Output, PostgresError> {
    let program = program
        .clone()
        .variables([("LC_ALL", "C.UTF-8"), ("PATH", "/usr/bin:/bin")]);
    let output = program
        .run(input)
        .await
        .map_err(PostgresError::io("run", &program.path))?;
    if output.status.success() {
        return Ok(output);
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    let from = text.chars().count().saturating_sub(SHOWN_CHARACTERS);
    Err(PostgresError::Failed {
        program: program.path,
        status: output.status,
        output: text
            .chars()
            .skip(from)
            .collect::<String>()
            .trim()
            .to_owned(),
    })
}
