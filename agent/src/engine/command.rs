//! Commands in containers that run.

use std::time::Duration;

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt as _;
use longshore_agent_api::{AgentProblem, CommandEnd, ContainerCommand, WireSecret};
use longshore_domain::{FailureKind, ServiceId};
use tokio::time::timeout;

use super::{Engine, brief, problem, refused};

/// The most of a command's output that is shown.
const OUTPUT_MAX_CHARS: usize = 400;

impl Engine {
    /// Runs a command once in a container of a version.
    ///
    /// # Errors
    /// When no container of it runs, Docker does not answer, or it takes too long. A command
    /// that fails is no error.
    pub async fn command(
        &self,
        service: ServiceId,
        command: &ContainerCommand,
    ) -> Result<CommandEnd, AgentProblem> {
        let container = self.running_container(service, command.number).await?;
        let id = container.id.unwrap_or_default();
        let exposed = |secret: &WireSecret| secret.expose().to_owned();
        let argv = command.argv.iter().map(exposed).collect();
        let variables = command
            .variables
            .iter()
            .map(|(key, value)| format!("{key}={}", value.expose()))
            .collect();
        let limit = Duration::from_secs(u64::from(command.timeout_seconds));
        let (code, output) = timeout(limit, self.exec(&id, argv, Some(variables)))
            .await
            .map_err(|_| {
                problem(
                    FailureKind::Timeout,
                    format!(
                        "The command did not end within {} seconds.",
                        command.timeout_seconds
                    ),
                )
            })??;
        Ok(CommandEnd { code, output })
    }

    /// Runs a command in a container; gives its exit code and the start of its output.
    pub(super) async fn exec(
        &self,
        container: &str,
        argv: Vec<String>,
        env: Option<Vec<String>>,
    ) -> Result<(i64, String), AgentProblem> {
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(argv),
            env,
            ..CreateExecOptions::default()
        };
        let refuse = |error: &bollard::errors::Error| refused("The command", error);
        let exec = self
            .docker
            .create_exec(container, options)
            .await
            .map_err(|error| refuse(&error))?;
        let started = self
            .docker
            .start_exec(&exec.id, None::<StartExecOptions>)
            .await
            .map_err(|error| refuse(&error))?;
        let mut text = String::new();
        if let StartExecResults::Attached { mut output, .. } = started {
            while let Some(Ok(part)) = output.next().await {
                if text.len() < OUTPUT_MAX_CHARS {
                    text.push_str(&words(&part));
                }
            }
        }
        let ended = self
            .docker
            .inspect_exec(&exec.id)
            .await
            .map_err(|error| refuse(&error))?;
        Ok((ended.exit_code.unwrap_or(-1), brief(&text)))
    }
}

fn words(part: &LogOutput) -> String {
    let (LogOutput::StdErr { message }
    | LogOutput::StdOut { message }
    | LogOutput::StdIn { message }
    | LogOutput::Console { message }) = part;
    String::from_utf8_lossy(message).into_owned()
}
