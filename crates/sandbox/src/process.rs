//! Running programs with errors that say what was run.

use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};

/// Runs to the end, with output going to the terminal.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs to the end and gives what was printed on stdout, without the last newline; stderr is in the
/// error when there is one.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = captured(command)?;
    if !output.status.success() {
        bail!(
            "{} ended with {}: {}{}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// Runs quietly; whether it succeeded.
pub fn succeeds(command: &mut Command) -> anyhow::Result<bool> {
    Ok(captured(command)?.status.success())
}

fn captured(command: &mut Command) -> anyhow::Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))
}

/// The command as typed; a whole script among its arguments is left out.
fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .map(|word| {
            if word.contains('\n') {
                "…".into()
            } else {
                word
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}
