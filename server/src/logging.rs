//! Where our own log lines go.

use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::Environment;
use crate::supervisor::BoundedLog;

/// What is logged when `RUST_LOG` does not say.
const DEFAULT_FILTER: &str = "info,sqlx=warn,hyper=warn,tower_http=warn";

/// Logs to standard error.
pub fn to_stderr(environment: &Environment) {
    install(environment, std::io::stderr);
}

/// Logs to a file of bounded size.
///
/// # Errors
/// When it cannot be created.
pub fn to_file(environment: &Environment, path: &Path) -> Result<()> {
    let log = BoundedLog::open(path).with_context(|| format!("cannot write {}", path.display()))?;
    install(environment, Mutex::new(log));
    Ok(())
}

fn install(environment: &Environment, writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static) {
    let filter = environment
        .get("RUST_LOG")
        .map_or(DEFAULT_FILTER, String::as_str);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER)),
        )
        .with_ansi(false)
        // A part outlives a killed supervisor, and with it the pipe of its log: it must go on.
        .log_internal_errors(false)
        .with_writer(writer);
    // Only tests install one twice, and theirs may stay.
    let _ = tracing::subscriber::set_global_default(subscriber.finish());
}
