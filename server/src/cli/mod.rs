//! The command line: what can be typed, and which function does it.

mod account;
mod flags;
mod output;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, Environment};
use crate::supervisor::{self, Plan};
use crate::{logging, serve};

pub use account::{NewTokenArguments, NewUserArguments};
pub use flags::SettingFlags;

/// Exit code when the configuration or the command line is wrong, as clap has it.
const USAGE: u8 = 2;

/// Longshore: `git push` to a running, routed, TLS-protected service on your own machines.
#[derive(Debug, Parser)]
#[command(name = "longshore", version, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// The settings.
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything on this machine: the database, the agent and the server
    Up(UpArguments),
    /// Stop what `up` runs; deployed services go on serving
    Down,
    /// Show what runs, as whom, and whether it is ready
    Status,
    /// Run the server alone; `up` does this for you
    Serve,
    /// Manage users
    User {
        /// What to do.
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Manage API tokens
    Token {
        /// What to do.
        #[command(subcommand)]
        command: TokenCommand,
    },
}

/// How `up` runs.
#[derive(Debug, Args)]
pub struct UpArguments {
    /// Run in the background, and return when Longshore is ready
    #[arg(long)]
    pub detach: bool,
    /// The process that `--detach` leaves in the background
    #[arg(long, hide = true, conflicts_with = "detach")]
    pub background: bool,
}

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create a user; the first one becomes the administrator
    Create(NewUserArguments),
}

/// What can be done with API tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token and print it, alone, on standard output
    Create(NewTokenArguments),
}

/// Runs the command that was typed.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = config::process_environment();
    let config = match config::load(&cli.settings.values(), &environment) {
        Ok(config) => config,
        Err(errors) => {
            output::complain(&errors.to_string());
            return ExitCode::from(USAGE);
        }
    };
    match run(cli.command, config, &environment) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, config: Config, environment: &Environment) -> Result<ExitCode> {
    // Only the server has enough to do for more than one thread.
    let mut builder = match command {
        Command::Serve => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = builder
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let code = runtime.block_on(dispatch(command, config, environment))?;
    // Work that ignored its end must not keep the process.
    runtime.shutdown_background();
    Ok(code)
}

async fn dispatch(command: Command, config: Config, environment: &Environment) -> Result<ExitCode> {
    match command {
        Command::Up(arguments) => up(&arguments, config, environment).await?,
        Command::Down => {
            let stopped = supervisor::down::down(&config).await?;
            output::say(if stopped {
                "Longshore has stopped."
            } else {
                "Longshore is not running."
            });
        }
        Command::Status => {
            let report = supervisor::status::report(&config).await;
            output::print(&report.text);
            return Ok(if report.ready {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Command::Serve => {
            logging::to_stderr(environment);
            serve::serve(config).await?;
        }
        Command::User {
            command: UserCommand::Create(arguments),
        } => {
            account::create_user(&config, arguments).await?;
        }
        Command::Token {
            command: TokenCommand::Create(arguments),
        } => {
            account::create_token(&config, arguments).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn up(arguments: &UpArguments, config: Config, environment: &Environment) -> Result<()> {
    let address = config.local_address();
    let log_dir = config.log_dir();
    let plan = Plan::settle(config, environment.clone())?;
    if arguments.detach {
        let started = supervisor::detach::detached(plan, environment).await?;
        let state = if started {
            "runs now"
        } else {
            "was running already"
        };
        output::say(&format!("Longshore {state} and is ready: http://{address}"));
        return Ok(());
    }
    if arguments.background {
        // Leaves the terminal's session, so that closing the terminal does not end it.
        rustix::process::setsid().context("cannot leave the terminal's session")?;
        logging::to_file(environment, &log_dir.join("supervisor.log"))?;
    } else {
        logging::to_stderr(environment);
    }
    supervisor::up::foreground(plan, !arguments.background).await
}
