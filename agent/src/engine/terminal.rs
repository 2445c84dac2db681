//! A terminal in a container that runs.

mod processes;

use bollard::exec::{CreateExecOptions, ResizeExecOptions};
use bollard::models::ContainerSummary;
use bollard::query_parameters::ContainerArchiveInfoOptionsBuilder;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use longshore_agent_api::{AgentProblem, TerminalProgram, TerminalRequest, TerminalSize};
use longshore_domain::database::Engine as DatabaseEngine;
use longshore_domain::variable::fill;
use longshore_domain::{FailureKind, Secret, ServiceId};
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use super::{Engine, is_absent, problem, refused};
use crate::build::endpoint::Endpoint;

/// The shells, the better one first.
const SHELLS: [&str; 2] = ["/bin/bash", "/bin/sh"];
/// How often the size is tried while the program is being started.
const RESIZE_ATTEMPTS: u32 = 20;
/// The most characters in a line and lines.
const LARGEST: u16 = 1000;

/// A terminal with a program in it.
pub struct Terminal {
    /// Keys in, output out.
    pub stream: TokioIo<Upgraded>,
    /// What else can be done with it.
    pub handle: TerminalHandle,
}

/// What can be done with a terminal beside typing.
pub struct TerminalHandle {
    engine: Engine,
    exec: String,
    mark: String,
    container: String,
    _connection: JoinSet<()>,
}

impl Engine {
    /// Opens a terminal in a container of a version. [`TerminalHandle::end`] must follow.
    ///
    /// # Errors
    /// When no such container runs, it has no shell, or Docker does not answer.
    pub async fn open_terminal(
        &self,
        service: ServiceId,
        request: &TerminalRequest,
    ) -> Result<Terminal, AgentProblem> {
        self.end_left_terminals().await;
        let container = self
            .nth_container(service, request.number, request.replica)
            .await?;
        let (argv, mut env) = self.program(&container, &request.program).await?;
        let mark = processes::mark(&self.config.instance, uuid::Uuid::new_v4());
        env.extend([mark.clone(), "TERM=xterm-256color".to_owned()]);
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(true),
            cmd: Some(argv),
            env: Some(env),
            ..CreateExecOptions::default()
        };
        let exec = self
            .docker
            .create_exec(&container, options)
            .await
            .map_err(|error| refused("The terminal", &error))?
            .id;
        let mut connection = JoinSet::new();
        let stream = self.attach(&exec, &mut connection).await?;
        let handle = TerminalHandle {
            engine: self.clone(),
            exec,
            mark,
            container: container.chars().take(12).collect(),
            _connection: connection,
        };
        handle.resize_at_start(request.size).await;
        Ok(Terminal { stream, handle })
    }

    /// Ends the processes of terminals that an agent before this one has left.
    pub async fn end_left_terminals(&self) {
        self.terminals
            .get_or_init(async || {
                processes::end(&processes::mark_of_all(&self.config.instance)).await
            })
            .await;
    }

    /// The id of the container that is the `replica`th of those that run.
    async fn nth_container(
        &self,
        service: ServiceId,
        number: i32,
        replica: u32,
    ) -> Result<String, AgentProblem> {
        let mut running = self.running_containers(service, number).await?;
        // Their names have the part and the slot.
        let name = |container: &ContainerSummary| {
            let name = container.names.iter().flatten().next().cloned();
            let name = name.unwrap_or_default();
            (name.len(), name)
        };
        running.sort_by_cached_key(name);
        let index = usize::try_from(replica.saturating_sub(1)).unwrap_or(usize::MAX);
        let count = running.len();
        running
            .into_iter()
            .nth(index)
            .and_then(|container| container.id)
            .ok_or_else(|| {
                let words = match count {
                    0 => "No container of the live version runs at the moment.".to_owned(),
                    1 => "Only one container of the live version runs at the moment.".to_owned(),
                    count => {
                        format!("Only {count} containers of the live version run at the moment.")
                    }
                };
                problem(FailureKind::ReferenceNotFound, words)
            })
    }

    /// The arguments of the program, and variables for it alone.
    async fn program(
        &self,
        container: &str,
        program: &TerminalProgram,
    ) -> Result<(Vec<String>, Vec<String>), AgentProblem> {
        match program {
            TerminalProgram::Shell => {
                for shell in SHELLS {
                    if self.has_file(container, shell).await? {
                        return Ok((vec![shell.to_owned()], Vec::new()));
                    }
                }
                Err(problem(
                    FailureKind::PathInvalid,
                    "The image has no shell: neither /bin/bash nor /bin/sh is in it.",
                ))
            }
            TerminalProgram::Console { engine, variables } => {
                let console = DatabaseEngine::find(engine).map_or(&[][..], |engine| engine.console);
                if console.is_empty() {
                    return Err(problem(
                        FailureKind::SpecificationInvalid,
                        "This database has no console.",
                    ));
                }
                let values = variables
                    .iter()
                    .map(|(key, value)| (key.clone(), Secret::new(value.expose())))
                    .collect();
                let argv = console.iter().map(|text| fill(text, &values)).collect();
                let env = variables
                    .iter()
                    .map(|(key, value)| format!("{key}={}", value.expose()))
                    .collect();
                Ok((argv, env))
            }
        }
    }

    async fn has_file(&self, container: &str, path: &str) -> Result<bool, AgentProblem> {
        let options = ContainerArchiveInfoOptionsBuilder::default()
            .path(path)
            .build();
        match self
            .docker
            .get_container_archive_info(container, Some(options))
            .await
        {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(refused("The container", &error)),
        }
    }

    /// Starts the program with its terminal on a connection of our own: what a container
    /// writes goes through as it is, whatever it looks like.
    async fn attach(
        &self,
        exec: &str,
        connection: &mut JoinSet<()>,
    ) -> Result<TokioIo<Upgraded>, AgentProblem> {
        let unavailable = || {
            problem(
                FailureKind::EngineUnavailable,
                "Docker does not answer on the server.",
            )
        };
        let endpoint = Endpoint::of(&self.docker)
            .await
            .map_err(|_| unavailable())?;
        let mut sender = endpoint
            .connect(connection)
            .await
            .map_err(|_| unavailable())?;
        let body = Full::new(Bytes::from_static(br#"{"Detach":false,"Tty":true}"#));
        let request = hyper::Request::post(format!("/exec/{exec}/start"))
            .header(hyper::header::HOST, "docker")
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .header(hyper::header::CONNECTION, "Upgrade")
            .header(hyper::header::UPGRADE, "tcp")
            .body(body.map_err(|never| match never {}).boxed())
            .map_err(|_| unavailable())?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|_| unavailable())?;
        if response.status() != hyper::StatusCode::SWITCHING_PROTOCOLS {
            return Err(problem(
                FailureKind::StartFailed,
                "Docker did not start the program; does the container still run?",
            ));
        }
        let upgraded = hyper::upgrade::on(response)
            .await
            .map_err(|_| unavailable())?;
        Ok(TokioIo::new(upgraded))
    }
}

impl TerminalHandle {
    /// The start of the container's id.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// Tells the program that its window has another size.
    pub async fn resize(&self, size: TerminalSize) -> bool {
        let options = ResizeExecOptions {
            width: size.columns.clamp(1, LARGEST),
            height: size.rows.clamp(1, LARGEST),
        };
        let resized = self.engine.docker.resize_exec(&self.exec, options).await;
        resized.is_ok()
    }

    /// Docker refuses a size until the program runs.
    async fn resize_at_start(&self, size: TerminalSize) {
        for _ in 0..RESIZE_ATTEMPTS {
            if self.resize(size).await {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The exit code of the program, once it has ended.
    pub async fn exit_code(&self) -> Option<i64> {
        let found = self.engine.docker.inspect_exec(&self.exec).await.ok()?;
        found.exit_code
    }

    /// Ends the program and all that it has started, and returns when they are gone.
    pub async fn end(&self) {
        processes::end(&self.mark).await;
    }
}
