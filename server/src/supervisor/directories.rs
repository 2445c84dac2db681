//! The directories of an installation, their owners and modes.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use super::accounts::{Account, Accounts};
use crate::config::Config;

/// A directory that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the directory {}", path.display())]
pub struct DirectoryError {
    path: PathBuf,
    source: io::Error,
}

/// Makes every directory that the parts need. What lies in them is not touched.
///
/// # Errors
/// When one cannot be made, or cannot be given to its owner.
pub fn make(config: &Config, accounts: &Accounts) -> Result<(), DirectoryError> {
    let (own, server, database) = (&accounts.own, &accounts.server, &accounts.database);
    shared(&config.data_dir)?;
    shared(&config.run_dir)?;
    if let Some(parent) = config.agent_socket.parent() {
        shared(parent)?;
    }
    owned(&config.log_dir(), own, own.gid, 0o750)?;
    owned(&config.data_dir.join("agent"), own, own.gid, 0o700)?;
    owned(&config.server_dir(), server, server.gid, 0o700)?;
    if config.database_url.is_none() {
        owned(
            &config.data_dir.join("postgres"),
            database,
            database.gid,
            0o700,
        )?;
        // The server's group may enter, to connect; nobody else may.
        owned(&config.database_socket_dir(), database, server.gid, 0o750)?;
    }
    Ok(())
}

/// A directory that others may look into; its mode is left alone when it exists.
fn shared(path: &Path) -> Result<(), DirectoryError> {
    let fail = |source| DirectoryError {
        path: path.to_owned(),
        source,
    };
    if !path.is_dir() {
        fs::create_dir_all(path).map_err(fail)?;
        fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(fail)?;
    }
    Ok(())
}

fn owned(path: &Path, owner: &Account, gid: u32, mode: u32) -> Result<(), DirectoryError> {
    let fail = |source| DirectoryError {
        path: path.to_owned(),
        source,
    };
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(fail(error)),
        _ => {}
    }
    chown(path, Some(owner.uid), Some(gid)).map_err(fail)?;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(fail)
}
