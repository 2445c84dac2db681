//! The agent's process: settings, log, signals.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use longshore_agent::agent::Agent;
use longshore_agent::compose::sandbox;
use longshore_agent::config::Config;
use longshore_agent::machine::docker::DockerMachine;
use longshore_agent::swarm_ports;
use longshore_agent::tasks::Tasks;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    if let Some(failed) = become_another() {
        return failed;
    }
    let mut arguments = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned());
    if arguments.next().as_deref() == Some(swarm_ports::COMMAND) {
        return guard(&arguments.collect::<Vec<_>>());
    }
    let config = Config::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_env("LONGSHORE_LOG").unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_ansi(false)
        // The agent outlives a killed supervisor, and with it the pipe of its log: it must go on.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the runtime cannot start");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(config));
    // Blocking work that does not heed its cancellation must not hold the process.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Becomes the program that the hidden command names, locked in; returns when there is no
/// such command, or it cannot.
fn become_another() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()?.to_str() != Some(sandbox::COMMAND) {
        return None;
    }
    let Err(error) = sandbox::enter(arguments);
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    tracing::error!("the sandbox cannot be entered: {error:#}");
    Some(ExitCode::FAILURE)
}

/// Closes the ports of Swarm, for the time before there is a Docker to ask.
fn guard(arguments: &[String]) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime
            .block_on(swarm_ports::run(arguments))
            .map_err(|problem| problem.message),
        Err(error) => Err(error.to_string()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            tracing::error!("{reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> anyhow::Result<()> {
    let tasks = Tasks::new();
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be taken")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be taken")?;
    let machine = DockerMachine::connect(&config, &tasks).context("Docker cannot be used")?;
    tracing::info!(socket = %config.socket.display(), instance = config.instance, "agent starts");
    let agent = Agent::start(config, Arc::clone(&machine) as _, tasks.clone())?;
    machine.prepare_in_background();
    let stop = tasks.stopping().clone();
    tasks.spawn("signals", async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = stop.cancelled() => {}
        }
        tracing::info!("agent stops; jobs are suspended");
        stop.cancel();
    });
    agent.serve().await?;
    Ok(())
}
