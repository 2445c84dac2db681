//! Trying a health check once on a version that runs.
//!
//! A request is made by the probe binary in a container of its own that shares the tried
//! container's network, so that nothing need be in the image; a command runs in the
//! container itself, as Docker would run it.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, ContainerState, ContainerSummary, HealthStatusEnum, HostConfig,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
    StartContainerOptions, WaitContainerOptions,
};
use futures_util::StreamExt as _;
use longshore_agent_api::{AgentProblem, HealthTrial, HealthVerdict};
use longshore_domain::health::{HealthCheck, HealthProbe};
use longshore_domain::run::Port;
use longshore_domain::{FailureKind, ServiceId};
use tokio::time::{Instant, timeout};

use super::release::RELEASE;
use super::spec::{PROBE_TARGET, probe_arguments, probe_mount};
use super::{Engine, brief, is_conflict, problem, refused};

/// What Docker may take for a probe's container, beside the check's own timeout.
const CONTAINER_PATIENCE: Duration = Duration::from_secs(20);

impl Engine {
    /// Tries a health check once on a container of a version.
    ///
    /// # Errors
    /// When no container of it runs, or Docker does not answer. A check that does not
    /// pass is no error.
    pub async fn try_health(
        &self,
        service: ServiceId,
        trial: &HealthTrial,
    ) -> Result<HealthVerdict, AgentProblem> {
        let container = self.running_container(service, trial.number).await?;
        let id = container.id.clone().unwrap_or_default();
        match (&trial.health.probe, trial.port) {
            (HealthProbe::Command { argv }, _) => self.try_command(&id, argv, &trial.health).await,
            (HealthProbe::Http { .. } | HealthProbe::Tcp, Some(port)) => {
                self.try_port(service, &container, port, &trial.health)
                    .await
            }
            (HealthProbe::Http { .. } | HealthProbe::Tcp, None) => Err(problem(
                FailureKind::SpecificationInvalid,
                "The check needs a port.",
            )),
            (HealthProbe::Auto, port) => {
                let state = self.container_state(&id).await?;
                match (of_docker(&state), port) {
                    (Some(verdict), _) => Ok(verdict),
                    (None, Some(port)) => {
                        self.try_port(service, &container, port, &trial.health)
                            .await
                    }
                    (None, None) => Ok(stays_up(&state)),
                }
            }
        }
    }

    pub(super) async fn running_container(
        &self,
        service: ServiceId,
        number: i32,
    ) -> Result<ContainerSummary, AgentProblem> {
        let running = self.running_containers(service, number).await?;
        running.into_iter().next().ok_or_else(|| {
            problem(
                FailureKind::ReferenceNotFound,
                "No container of the live version runs at the moment.",
            )
        })
    }

    /// The containers of a version that run, without those that run once.
    pub(super) async fn running_containers(
        &self,
        service: ServiceId,
        number: i32,
    ) -> Result<Vec<ContainerSummary>, AgentProblem> {
        let labels = vec![
            format!("{}={service}", self.names.service()),
            format!("{}={number}", self.names.number()),
        ];
        let filters = HashMap::from([("label", labels), ("status", vec!["running".to_owned()])]);
        let options = ListContainersOptionsBuilder::default()
            .filters(&filters)
            .build();
        let found = self
            .docker
            .list_containers(Some(options))
            .await
            .map_err(|error| refused("The list of containers", &error))?;
        let role = self.names.role();
        let is_replica = |container: &ContainerSummary| {
            let labels = container.labels.as_ref();
            labels.is_none_or(|labels| !labels.contains_key(&role))
        };
        Ok(found.into_iter().filter(is_replica).collect())
    }

    async fn container_state(&self, container: &str) -> Result<ContainerState, AgentProblem> {
        let found = self
            .docker
            .inspect_container(container, None::<InspectContainerOptions>)
            .await
            .map_err(|error| refused("The container", &error))?;
        Ok(found.state.unwrap_or_default())
    }

    async fn try_port(
        &self,
        service: ServiceId,
        container: &ContainerSummary,
        port: Port,
        health: &HealthCheck,
    ) -> Result<HealthVerdict, AgentProblem> {
        let patience = CONTAINER_PATIENCE + Duration::from_secs(u64::from(health.timeout_seconds));
        let name = format!("{}-{service}-try", self.config.instance);
        let probed = timeout(
            patience,
            self.run_probe(service, container, port, health, &name),
        )
        .await;
        // Also what an earlier attempt may have left.
        if let Err(problem) = self.remove_one_off(&name).await {
            tracing::warn!(%problem, name, "a probe's container cannot be removed");
        }
        let (code, text) = probed.map_err(|_| {
            problem(
                FailureKind::Timeout,
                "Docker did not start the check in time.",
            )
        })??;
        Ok(of_probe(code, &text, health, port))
    }

    /// Runs the probe to its end; gives its exit code and what it wrote.
    async fn run_probe(
        &self,
        service: ServiceId,
        container: &ContainerSummary,
        port: Port,
        health: &HealthCheck,
        name: &str,
    ) -> Result<(i64, String), AgentProblem> {
        let probe = self.probe().await?;
        let mut arguments = probe_arguments(health, port);
        arguments.extend([
            "--report".to_owned(),
            "--timeout".to_owned(),
            health.timeout_seconds.to_string(),
        ]);
        let body = ContainerCreateBody {
            image: container.image_id.clone(),
            entrypoint: Some(vec![PROBE_TARGET.to_owned()]),
            cmd: Some(arguments),
            // Leftovers of a killed agent go with those of release commands.
            labels: Some(HashMap::from([
                (self.names.owned(), String::new()),
                (self.names.service(), service.to_string()),
                (self.names.role(), RELEASE.to_owned()),
            ])),
            host_config: Some(HostConfig {
                network_mode: container.id.as_ref().map(|id| format!("container:{id}")),
                mounts: Some(vec![probe_mount(&probe)]),
                cap_drop: Some(vec!["ALL".to_owned()]),
                readonly_rootfs: Some(true),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        self.docker
            .create_container(Some(options), body)
            .await
            .map_err(|error| {
                if is_conflict(&error) {
                    problem(
                        FailureKind::StartFailed,
                        "Another test of this service is under way.",
                    )
                } else {
                    refused("The check", &error)
                }
            })?;
        self.docker
            .start_container(name, None::<StartContainerOptions>)
            .await
            .map_err(|error| refused("The check", &error))?;
        let mut wait = std::pin::pin!(
            self.docker
                .wait_container(name, None::<WaitContainerOptions>)
        );
        let code = match wait.next().await {
            Some(Ok(ended)) => ended.status_code,
            Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => code,
            Some(Err(error)) => return Err(refused("The check", &error)),
            None => -1,
        };
        let lines = self.tail(name, 5).await;
        let text: Vec<String> = lines.into_iter().map(|line| line.text).collect();
        Ok((code, text.join("\n")))
    }

    async fn try_command(
        &self,
        container: &str,
        argv: &[String],
        health: &HealthCheck,
    ) -> Result<HealthVerdict, AgentProblem> {
        let limit = Duration::from_secs(u64::from(health.timeout_seconds));
        let began = Instant::now();
        let ended = timeout(limit, self.exec(container, argv.to_vec(), None)).await;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (passed, message) = match ended {
            Err(_) => (
                false,
                format!(
                    "The command did not end within {} seconds.",
                    health.timeout_seconds
                ),
            ),
            Ok(Err(error)) => return Err(error),
            Ok(Ok((0, _))) => (true, "The command ended with 0.".to_owned()),
            Ok(Ok((code, output))) => {
                let said = if output.is_empty() {
                    String::new()
                } else {
                    format!(" It said: {output}")
                };
                (
                    false,
                    format!("The command ended with exit code {code}.{said}"),
                )
            }
        };
        Ok(HealthVerdict {
            passed,
            status: None,
            took_ms,
            message,
        })
    }
}

/// What the probe's exit code and its lines mean: the milliseconds and the status, then,
/// when it did not pass, why.
fn of_probe(code: i64, text: &str, health: &HealthCheck, port: Port) -> HealthVerdict {
    let mut took_ms = 0;
    let mut status = None;
    let mut reason = "";
    for line in text.lines() {
        let mut numbers = line.split(' ').map(str::parse::<u64>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(took)), None) => took_ms = took,
            (Some(Ok(took)), Some(Ok(answer))) => {
                took_ms = took;
                status = u16::try_from(answer).ok();
            }
            _ => reason = line,
        }
    }
    let message = match (code, status, reason) {
        (0, Some(status), _) => format!("GET {} was answered with status {status}.", health.path()),
        (0, None, _) => format!("Something listens on port {port}."),
        (_, _, "") => format!("The check ended with exit code {code}."),
        (_, _, reason) => {
            let mut letters = reason.chars();
            let first: String = letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .collect();
            format!("{first}{}.", letters.as_str().trim_end_matches('.'))
        }
    };
    HealthVerdict {
        passed: code == 0,
        status,
        took_ms,
        message,
    }
}

/// What Docker's own check of a container says, if it has one.
fn of_docker(state: &ContainerState) -> Option<HealthVerdict> {
    let health = state.health.as_ref()?;
    let last = health.log.as_ref().and_then(|log| log.last());
    let output = last
        .and_then(|check| check.output.as_deref())
        .map(brief)
        .filter(|output| !output.is_empty());
    let took_ms = last
        .and_then(|check| {
            let took = check.end.zip(check.start).map(|(end, start)| end - start)?;
            u64::try_from(took.whole_milliseconds()).ok()
        })
        .unwrap_or_default();
    let (passed, message) = match health.status? {
        HealthStatusEnum::HEALTHY => (true, "Docker's check of the running version passes."),
        HealthStatusEnum::STARTING => (false, "Docker's check has not passed yet."),
        HealthStatusEnum::UNHEALTHY => (false, "Docker's check of the running version fails."),
        HealthStatusEnum::NONE | HealthStatusEnum::EMPTY => return None,
    };
    Some(HealthVerdict {
        passed,
        status: None,
        took_ms,
        message: match output {
            Some(output) if !passed => format!("{message} It said: {output}"),
            _ => message.to_owned(),
        },
    })
}

fn stays_up(state: &ContainerState) -> HealthVerdict {
    let passed = state.running == Some(true) && state.restarting != Some(true);
    HealthVerdict {
        passed,
        status: None,
        took_ms: 0,
        message: if passed {
            "The container is up; without a port and a check of the image's, that is all."
        } else {
            "The container is not up."
        }
        .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http() -> HealthCheck {
        HealthCheck {
            probe: HealthProbe::Http {
                path: "/up".to_owned(),
            },
            ..HealthCheck::default()
        }
    }

    #[test]
    fn what_the_probe_says_becomes_a_sentence_with_status_and_time() {
        let port = Port::new(8080).unwrap();
        let good = of_probe(0, "12 204", &http(), port);
        assert_eq!(
            (good.passed, good.status, good.took_ms),
            (true, Some(204), 12)
        );
        assert_eq!(good.message, "GET /up was answered with status 204.");
        let bad = of_probe(
            1,
            "3 503\nGET /up was answered with status 503",
            &http(),
            port,
        );
        assert_eq!((bad.passed, bad.status, bad.took_ms), (false, Some(503), 3));
        assert_eq!(bad.message, "GET /up was answered with status 503.");
        let shut = of_probe(1, "0\nnothing listens on port 8080", &http(), port);
        assert_eq!(shut.message, "Nothing listens on port 8080.");
        let open = of_probe(0, "1", &HealthCheck::default(), port);
        assert_eq!(open.message, "Something listens on port 8080.");
    }
}
