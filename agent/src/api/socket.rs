//! The agent's Unix socket and the lock that keeps a second agent away.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use axum::Router;
use rustix::fs::{FlockOperation, flock};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

/// The socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another agent works with it.
    #[error("another agent is at work: {} is locked", .0.display())]
    Taken(PathBuf),
    /// The group is not in `/etc/group`.
    #[error("the machine has no group {0}")]
    UnknownGroup(String),
    /// A file or directory cannot be used.
    #[error("{} cannot be used", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SocketError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// A file that stays locked as long as this lives. The kernel lets go of it when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a lock.
    ///
    /// # Errors
    /// When another process holds it.
    pub fn take(path: &Path) -> Result<Self, SocketError> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(SocketError::at(path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(SocketError::Taken(path.to_owned())),
            Err(error) => Err(SocketError::at(path)(error.into())),
        }
    }
}

/// The open socket.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    _lock: Lock,
}

impl Socket {
    /// Opens the socket for root and a group; a socket that a dead agent left is replaced.
    /// Needs a runtime.
    ///
    /// # Errors
    /// When another agent holds it, or it cannot be made.
    pub fn open(path: &Path, group: Option<&str>) -> Result<Self, SocketError> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(SocketError::at(directory))?;
        }
        let lock = Lock::take(&path.with_extension("lock"))?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(SocketError::at(path)(error));
            }
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(SocketError::at(path))?;
        if let Some(group) = group {
            let gid = group_id(group)?;
            std::os::unix::fs::chown(path, None, Some(gid)).map_err(SocketError::at(path))?;
        }
        fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(SocketError::at(path))?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// Answers requests until told to stop, and ends those that are open.
    ///
    /// # Errors
    /// When the socket breaks.
    pub async fn serve(self, router: Router, stopping: CancellationToken) -> io::Result<()> {
        let result = axum::serve(self.listener, router)
            .with_graceful_shutdown(stopping.cancelled_owned())
            .await;
        let _ = fs::remove_file(&self.path);
        result
    }
}

/// Looks a group up in `/etc/group`; a number stands for itself.
fn group_id(name: &str) -> Result<u32, SocketError> {
    if let Ok(gid) = name.parse() {
        return Ok(gid);
    }
    let path = Path::new("/etc/group");
    let groups = fs::read_to_string(path).map_err(SocketError::at(path))?;
    groups
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
        })
        .ok_or_else(|| SocketError::UnknownGroup(name.to_owned()))
}
