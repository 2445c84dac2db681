//! What pages and the API ask the agent.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use longshore_agent_api::{AgentInfo, ContainerLine, LogStream, PROTOCOL_VERSION};
use longshore_control::{
    ContainerCommand, ControlError, HealthTrial, HealthVerdict, LogLine, RegistryAccount,
    TerminalPlan, Uploaded, VolumeOnMachine,
};
use longshore_domain::{FailureKind, ServiceId};
use longshore_web::terminal::{Size, TerminalPipe};
use longshore_web::{AgentQueries, Machine, VersionState};

use super::{AgentClient, AgentError};
use crate::jobs::login;

#[async_trait]
impl AgentQueries for AgentClient {
    async fn trouble(&self) -> Option<String> {
        match self.info().await {
            Ok(info) => missing(&info),
            Err(error) => Some(sentence(&error)),
        }
    }

    async fn machine(&self) -> Result<Machine, String> {
        let info = self.info().await.map_err(|error| sentence(&error))?;
        Ok(Machine {
            host_name: info.host_name,
            agent_version: info.version,
            docker_version: info.docker_version,
            swarm_ready: info.swarm_ready,
            proxy_ready: info.proxy_ready,
            proxy_refusal: info.proxy_refusal,
            proxy_image: info.proxy_image,
            cores: info.cores,
            memory_total_bytes: info.memory_total_bytes,
            memory_available_bytes: info.memory_available_bytes,
            disk_total_bytes: info.disk_total_bytes,
            disk_free_bytes: info.disk_free_bytes,
            running_jobs: info.running_jobs,
        })
    }

    async fn try_health(&self, trial: HealthTrial) -> Result<HealthVerdict, ControlError> {
        let wire = longshore_agent_api::HealthTrial {
            number: trial.live_number,
            health: trial.health,
            port: trial.port,
        };
        let verdict = Self::try_health(self, trial.service, &wire)
            .await
            .map_err(|error| match error.refusal() {
                Some(problem) => ControlError::refused(problem.message.clone()),
                None => into_control(&error),
            })?;
        Ok(HealthVerdict {
            passed: verdict.passed,
            status: verdict.status,
            took_ms: verdict.took_ms,
            message: verdict.message,
        })
    }

    async fn run_command(&self, command: ContainerCommand) -> Result<i64, ControlError> {
        let wire = longshore_agent_api::ContainerCommand {
            number: command.live_number,
            argv: command.argv.into_iter().map(Into::into).collect(),
            variables: command
                .variables
                .into_iter()
                .map(|(key, value)| (key, value.into()))
                .collect(),
            timeout_seconds: command.timeout_seconds,
        };
        let end = self
            .command(command.service, &wire)
            .await
            .map_err(|error| match error.refusal() {
                Some(problem) => ControlError::refused(problem.message.clone()),
                None => into_control(&error),
            })?;
        Ok(end.code)
    }

    async fn open_terminal(
        &self,
        plan: &TerminalPlan,
        size: Size,
    ) -> Result<TerminalPipe, ControlError> {
        super::terminal::open(self, plan, size).await
    }

    async fn volumes(&self) -> Result<Vec<VolumeOnMachine>, ControlError> {
        let found = Self::volumes(self)
            .await
            .map_err(|error| into_control(&error))?;
        Ok(found
            .into_iter()
            .map(|volume| VolumeOnMachine {
                service: volume.service,
                name: volume.name,
                size_bytes: volume.size_bytes,
                containers: volume.containers,
            })
            .collect())
    }

    async fn versions(&self, service: ServiceId) -> Result<Vec<VersionState>, ControlError> {
        let status = self
            .service_status(service)
            .await
            .map_err(|error| into_control(&error))?;
        Ok(status
            .versions
            .into_iter()
            .map(|version| VersionState {
                number: version.number,
                running: version.running,
                trouble: version.trouble,
            })
            .collect())
    }

    async fn check_registry(&self, account: RegistryAccount) -> Result<(), ControlError> {
        Self::check_registry(self, &login(&account))
            .await
            .map_err(|error| match error.refusal() {
                Some(problem) => ControlError::refused(problem.message.clone()),
                None => into_control(&error),
            })
    }

    async fn upload(
        &self,
        body: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<Uploaded, ControlError> {
        let report = Self::upload(self, body)
            .await
            .map_err(|error| match error.refusal() {
                Some(problem) if problem.kind == FailureKind::ArchiveInvalid => {
                    let message = problem.message.trim_end_matches('.');
                    let message = message.strip_prefix("The archive ").unwrap_or(message);
                    ControlError::invalid("archive", message)
                }
                _ => ControlError::Unavailable(sentence(&error)),
            })?;
        Ok(Uploaded {
            digest: report.digest,
            size_bytes: report.size_bytes,
            files: report.files,
            unpacked_bytes: report.unpacked_bytes,
        })
    }

    async fn container_log(
        &self,
        service: ServiceId,
        tail: u32,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<LogLine, ControlError>>, ControlError> {
        let lines = Self::container_log(self, service, tail, follow)
            .await
            .map_err(|error| into_control(&error))?;
        let mut sequence = 0;
        let lines = lines
            .map_err(|error| into_control(&error))
            .map_ok(move |line| {
                sequence = next_sequence(sequence, &line);
                log_line(sequence, line)
            });
        Ok(lines.boxed())
    }
}

/// The first of the machine's parts that does not work, as a sentence.
fn missing(info: &AgentInfo) -> Option<String> {
    let what = if info.protocol != PROTOCOL_VERSION {
        "The agent is of another version than the server; install both anew."
    } else if info.docker_version.is_none() {
        "Docker does not answer."
    } else if !info.swarm_ready {
        "This machine is not yet a Swarm manager."
    } else if !info.proxy_ready {
        "The proxy does not answer yet."
    } else {
        return None;
    };
    Some(what.to_owned())
}

/// Lines of containers have no numbers. Their time, in nanoseconds, serves as one: it
/// grows also from one stream to the next, so that a viewer who comes back can tell what
/// is new.
fn next_sequence(last: i64, line: &ContainerLine) -> i64 {
    let time = i64::try_from(line.at.unix_timestamp_nanos()).unwrap_or(i64::MAX - 1);
    time.max(last.saturating_add(1))
}

fn log_line(sequence: i64, line: ContainerLine) -> LogLine {
    let text = match line.replica.as_str() {
        "" | "1" => line.text,
        replica => format!("[{replica}] {}", line.text),
    };
    LogLine {
        sequence,
        at: line.at,
        stream: match line.stream {
            LogStream::Stdout => "stdout",
            LogStream::Stderr => "stderr",
            LogStream::System => "system",
        },
        text,
    }
}

fn into_control(error: &AgentError) -> ControlError {
    if error.is_missing() {
        return ControlError::refused("Nothing of this service runs at the moment.");
    }
    ControlError::Unavailable(sentence(error))
}

pub(super) fn sentence(error: &AgentError) -> String {
    match error {
        AgentError::Unreachable(_) => "The agent does not answer.".to_owned(),
        AgentError::Refused { problem, .. } => problem.message.clone(),
        AgentError::Unexpected { .. } | AgentError::Garbled(_) => {
            "The agent's answer cannot be understood; are server and agent of one version?"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    fn line(replica: &str) -> ContainerLine {
        ContainerLine {
            at: OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(1),
            replica: replica.to_owned(),
            stream: LogStream::Stderr,
            text: "words".to_owned(),
        }
    }

    #[test]
    fn sequence_numbers_grow_also_within_one_instant() {
        let first = next_sequence(0, &line("1"));
        assert_eq!(first, 1_000_000_000);
        assert_eq!(next_sequence(first, &line("1")), first + 1);
    }

    #[test]
    fn lines_of_further_replicas_are_marked() {
        assert_eq!(log_line(1, line("1")).text, "words");
        assert_eq!(log_line(1, line("2")).text, "[2] words");
    }
}
