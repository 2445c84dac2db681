//! What commands print. A closed pipe is no reason to fail.

use std::io::Write as _;

/// Prints text as it is on standard output.
pub fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Prints a line on standard output.
pub fn say(line: &str) {
    print(&format!("{line}\n"));
}

/// Prints what went wrong on standard error.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "longshore: {text}");
}
