//! The `longshore` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    longshore_server::cli::main()
}
