//! Runs `docker-compose config` and reads what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use longshore_agent_api::{ComposeFile, WireSecret};
use longshore_domain::{EnvKey, FailureKind};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::placeholders::Placeholders;
use super::sandbox;
use crate::stage::{StageContext, StageError};

/// How long docker-compose may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest normalised file, in bytes.
const MOST_OUTPUT: u64 = 8 * 1024 * 1024;
const MOST_WORDS: u64 = 64 * 1024;
/// The most warnings that are passed on.
const MOST_WARNINGS: usize = 50;

/// What is to be read.
pub(super) struct Request<'a> {
    pub(super) ctx: &'a StageContext,
    /// docker-compose.
    pub(super) program: &'a Path,
    /// The agent's own program; the running one when absent.
    pub(super) own: Option<&'a Path>,
    pub(super) work_tree: &'a Path,
    pub(super) file: &'a ComposeFile,
    /// The stack's name.
    pub(super) name: &'a str,
    pub(super) variables: &'a BTreeMap<EnvKey, WireSecret>,
}

/// A normalised file.
pub(super) struct Normalised {
    pub(super) text: String,
    /// Components that take all of the stack's variables.
    pub(super) take_variables: BTreeSet<String>,
}

/// What begins every path of the checkout in the normalised file.
pub(super) fn root(work_tree: &Path) -> String {
    let name = work_tree.file_name().unwrap_or_default();
    format!("/{}", name.to_string_lossy())
}

/// The file as docker-compose understands it.
///
/// # Errors
/// In docker-compose's own words.
pub(super) async fn normalise(request: &Request<'_>) -> Result<Normalised, StageError> {
    let unresolved = run(request, &["--no-env-resolution"]).await?;
    let mut placeholders = Placeholders::new(request.work_tree);
    let mut take_variables = BTreeSet::new();
    for (component, file, required) in env_files(&unresolved.text) {
        let is_usual = file.rsplit('/').next() == Some(".env");
        if !(required || is_usual) {
            continue;
        }
        let Some(path) = file.strip_prefix(&format!("{}/", root(request.work_tree))) else {
            continue;
        };
        if placeholders.stand_in(path) {
            request.ctx.say(format!(
                "{path} is not in the repository: {component} gets the stack's variables in its place."
            ));
            take_variables.insert(component);
        }
    }
    let resolved = run(request, &[]).await;
    drop(placeholders);
    let resolved = resolved?;
    for warning in resolved.warnings {
        request.ctx.say(warning);
    }
    Ok(Normalised {
        text: resolved.text,
        take_variables,
    })
}

/// Which component reads which file, and whether it must be there.
fn env_files(text: &str) -> Vec<(String, String, bool)> {
    let file: Value = serde_json::from_str(text).unwrap_or_default();
    let services = file.get("services").and_then(Value::as_object);
    let mut found = Vec::new();
    for (name, service) in services.into_iter().flatten() {
        for entry in service
            .get("env_file")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let path = entry.as_str().or_else(|| entry.get("path")?.as_str());
            let required = entry.get("required").and_then(Value::as_bool) != Some(false);
            if let Some(path) = path {
                found.push((name.clone(), path.replace("$$", "$"), required));
            }
        }
    }
    found
}

struct Said {
    text: String,
    warnings: Vec<String>,
}

async fn run(request: &Request<'_>, more: &[&str]) -> Result<Said, StageError> {
    tokio::time::timeout(PATIENCE, talk(request, more))
        .await
        .map_err(|_| too_large())?
}

#[expect(
    clippy::disallowed_methods,
    reason = "docker-compose is the one program that reads Compose files as Compose does"
)]
async fn talk(request: &Request<'_>, more: &[&str]) -> Result<Said, StageError> {
    let parent = request.work_tree.parent().unwrap_or(request.work_tree);
    let root = root(request.work_tree);
    let (file, text) = match request.file {
        ComposeFile::Path { path } => (format!("{root}/{path}"), None),
        ComposeFile::Text { text } => ("-".to_owned(), Some(text)),
    };
    let own = request.own.unwrap_or(Path::new("/proc/self/exe"));
    let mut command = Command::new(own);
    command
        .arg(sandbox::COMMAND)
        .arg(request.program)
        .arg(parent)
        .arg(root.trim_start_matches('/'))
        .args(["--project-name", request.name, "--file", &file]);
    if text.is_some() {
        command.args(["--project-directory", &root]);
    }
    let mut child = command
        .args(["config", "--format", "json"])
        .args(more)
        .env_clear()
        .envs(
            request
                .variables
                .iter()
                .map(|(key, value)| (sandbox::hidden(key), value.expose())),
        )
        .stdin(if text.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            tracing::error!(%error, "docker-compose cannot be started");
            StageError::failed(
                FailureKind::SpecificationInvalid,
                "docker-compose could not be started; are the stack's variables too long?",
            )
        })?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let (Some(mut stdin), Some(text)) = (stdin, text) {
            // Whoever does not read it to its end says why.
            let _ = stdin.write_all(text.as_bytes()).await;
        }
    };
    let ((), output, words) =
        tokio::join!(write, read(stdout, MOST_OUTPUT), read(stderr, MOST_WORDS));
    let Some(output) = output else {
        return Err(too_large());
    };
    let status = child.wait().await.map_err(|_| too_large())?;
    let words = words.unwrap_or_default();
    if status.success() {
        return Ok(Said {
            text: output,
            warnings: warnings(&words, &root),
        });
    }
    if status.code().is_none() || words.contains("fatal error:") || words.contains("goroutine ") {
        return Err(too_large());
    }
    Err(StageError::failed(
        FailureKind::SpecificationInvalid,
        explained(&words, &root),
    ))
}

/// All of a stream; none when it is longer than it may be. What follows is not read: the
/// program ends when nobody listens.
async fn read(stream: Option<impl AsyncRead + Unpin>, most: u64) -> Option<String> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(most + 1).read_to_end(&mut bytes).await.ok()?;
    }
    (bytes.len() as u64 <= most).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn too_large() -> StageError {
    StageError::failed(
        FailureKind::SpecificationInvalid,
        "The Compose file takes more time or memory to be read than a Compose file may; does it repeat itself by aliases?",
    )
}

/// Docker-compose's last words as a sentence, with paths of the repository.
fn explained(words: &str, root: &str) -> String {
    let lines: Vec<&str> = words
        .lines()
        .filter(|line| !line.starts_with("time=") && !line.trim().is_empty())
        .collect();
    let text = if lines.is_empty() {
        "docker-compose gave no reason".to_owned()
    } else {
        lines.join(" ")
    };
    let text = plain(&text, root);
    format!(
        "The Compose file is refused: {}.",
        text.trim_end_matches('.')
    )
}

fn warnings(words: &str, root: &str) -> Vec<String> {
    words
        .lines()
        .filter_map(|line| line.split_once("level=warning msg=\"")?.1.strip_suffix('"'))
        .filter(|text| !text.contains("not supported outside Swarm mode"))
        .map(|text| plain(&text.replace("\\\"", "\""), root))
        .take(MOST_WARNINGS)
        .collect()
}

fn plain(text: &str, root: &str) -> String {
    text.replace(&format!("{root}/"), "")
        .replace(root, "the repository")
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(1000)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{env_files, explained, warnings};

    #[test]
    fn what_docker_compose_says_is_told_without_the_places_of_the_agent() {
        let words = "time=\"2026-01-01\" level=warning msg=\"The \\\"A\\\" variable is not set.\"\nenv file /u1/x.env not found: stat /u1/x.env: no such file or directory\n";
        assert_eq!(
            explained(words, "/u1"),
            "The Compose file is refused: env file x.env not found: stat x.env: no such file or directory."
        );
        assert_eq!(warnings(words, "/u1"), ["The \"A\" variable is not set."]);
    }

    #[test]
    fn files_of_variables_are_found_in_both_forms() {
        let text = r#"{"services":{"a":{"env_file":["/u1/.env",{"path":"/u1/b","required":false}]},"b":{}}}"#;
        assert_eq!(
            env_files(text),
            [
                ("a".to_owned(), "/u1/.env".to_owned(), true),
                ("a".to_owned(), "/u1/b".to_owned(), false)
            ]
        );
    }
}
