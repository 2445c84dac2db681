//! The only module that starts programs: always by path and argument list, never through a shell.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::accounts::Account;

/// A program to start, with everything it is given.
#[derive(Debug, Clone)]
pub struct Program {
    /// Path of the executable.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Its whole environment: nothing else is inherited.
    pub environment: Vec<(String, OsString)>,
    /// The user it runs as, when that is not our own.
    pub account: Option<Account>,
    /// The signal that asks it to end.
    pub stop_signal: Signal,
}

impl Program {
    /// A program without arguments, environment and other user, which ends on SIGTERM.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            account: None,
            stop_signal: Signal::TERM,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds variables.
    #[must_use]
    pub fn variables<N: Into<String>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let pairs = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        self.environment.extend(pairs);
        self
    }

    /// Runs it as this user, with no other groups than the user's own.
    #[must_use]
    pub fn run_as(mut self, account: &Account) -> Self {
        self.account = Some(account.clone());
        self
    }

    /// Starts it in a process group of its own, so that a Ctrl-C in the terminal reaches only us,
    /// with both outputs as pipes.
    ///
    /// # Errors
    /// When the system cannot start it.
    pub fn spawn(&self) -> io::Result<Child> {
        self.command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
    }

    /// Starts it without a tie to us: it keeps its output in `output` and outlives us.
    ///
    /// # Errors
    /// When the system cannot start it.
    pub fn spawn_detached(&self, output: std::fs::File) -> io::Result<Child> {
        let errors = output.try_clone()?;
        self.command()
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
    }

    /// Runs it to its end with this input.
    ///
    /// # Errors
    /// When the system cannot start it or the pipe breaks.
    pub async fn run(&self, input: &[u8]) -> io::Result<Output> {
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            match stdin.write_all(input).await {
                // A program that ends early says why in its output.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        child.wait_with_output().await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place of the server that starts programs"
    )]
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).env_clear().current_dir("/");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(account) = &self.account {
            // As root, the standard library also drops our supplementary groups when a uid is set.
            command.gid(account.gid);
            if account.uid != rustix::process::geteuid().as_raw() {
                command.uid(account.uid);
            }
        }
        command
    }
}

/// Sends a signal; a process that is gone already is no error.
///
/// # Errors
/// When the process is not ours to signal.
pub fn signal(pid: u32, signal: Signal) -> io::Result<()> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(());
    };
    match kill_process(pid, signal) {
        Err(error) if error != rustix::io::Errno::SRCH => Err(error.into()),
        _ => Ok(()),
    }
}
