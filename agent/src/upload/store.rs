//! Archives on the disk, by the hash of their bytes.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use longshore_agent_api::{AgentProblem, UPLOAD_MAX_BYTES, UploadReport};
use longshore_domain::{FailureKind, Sha256Digest};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::tree::{Contents, Tree};
use super::{DISK_RESERVE, Trouble, format};
use crate::clock;
use crate::stage::StageError;

/// How many pieces may wait for the disk.
const WAITING: usize = 16;
/// How many bytes are written between two looks at the free disk.
const ROOM_STEP: u64 = 64 * 1024 * 1024;

/// The file of an archive.
pub(super) fn path(uploads: &Path, digest: &Sha256Digest) -> PathBuf {
    uploads.join(digest.as_str())
}

/// Receives an archive, checks all of it and keeps it. Nothing stays of one that is
/// refused or that breaks off.
///
/// # Errors
/// Why it is not taken.
pub async fn receive<E: std::fmt::Display>(
    uploads: &Path,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<UploadReport, AgentProblem> {
    let (sender, receiver) = mpsc::channel::<Bytes>(WAITING);
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let uploads = uploads.to_owned();
    let writing = tokio::task::spawn_blocking(move || keep(&uploads, receiver, &stop));
    let mut body = std::pin::pin!(body);
    let mut is_whole = true;
    while let Some(piece) = body.next().await {
        match piece {
            // Whoever writes has given up when nobody takes it; the reason comes below.
            Ok(piece) => {
                if sender.send(piece).await.is_err() {
                    break;
                }
            }
            Err(error) => {
                tracing::debug!(%error, "an upload broke off");
                is_whole = false;
                break;
            }
        }
    }
    if !is_whole {
        drop(guard);
        drop(sender);
        let _ended = writing.await;
        return Err(AgentProblem {
            kind: FailureKind::ArchiveInvalid,
            message: "The archive broke off while it was sent.".to_owned(),
        });
    }
    drop(sender);
    let outcome = writing
        .await
        .unwrap_or_else(|error| Err(Trouble::Disk(io::Error::other(error))));
    drop(guard.disarm());
    outcome.map_err(|trouble| match StageError::from(trouble) {
        StageError::Failed { kind, message } => AgentProblem { kind, message },
        StageError::Cancelled => AgentProblem {
            kind: FailureKind::Interrupted,
            message: "The upload was interrupted.".to_owned(),
        },
    })
}

/// Blocking.
fn keep(
    uploads: &Path,
    mut pieces: mpsc::Receiver<Bytes>,
    stop: &CancellationToken,
) -> Result<UploadReport, Trouble> {
    let mut file = NamedTempFile::new_in(uploads)?;
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut unchecked = ROOM_STEP;
    while let Some(piece) = pieces.blocking_recv() {
        size += piece.len() as u64;
        unchecked += piece.len() as u64;
        if size > UPLOAD_MAX_BYTES {
            return Err(Trouble::Refused("is larger than 1 GiB".to_owned()));
        }
        if unchecked >= ROOM_STEP {
            unchecked = 0;
            let space = crate::disk::measure(uploads);
            if space.is_some_and(|space| space.free_bytes < DISK_RESERVE + ROOM_STEP) {
                return Err(io::Error::from(io::ErrorKind::StorageFull).into());
            }
        }
        hash.update(&piece);
        file.write_all(&piece)?;
    }
    if stop.is_cancelled() {
        return Err(Trouble::Stopped);
    }
    if size == 0 {
        return Err(Trouble::Refused("is empty".to_owned()));
    }
    let digest: Sha256Digest = hex::encode(hash.finalize())
        .parse()
        .map_err(|error| io::Error::other(format!("{error}")))?;
    let contents = check(file.reopen()?, stop)?;
    file.as_file().sync_data()?;
    file.persist(path(uploads, &digest))
        .map_err(|error| error.error)?;
    fs::File::open(uploads)?.sync_all()?;
    Ok(UploadReport {
        digest,
        size_bytes: size,
        files: contents.files,
        unpacked_bytes: contents.bytes,
    })
}

/// Reads all of an archive without writing anything.
pub(super) fn check(file: fs::File, stop: &CancellationToken) -> Result<Contents, Trouble> {
    let mut tree = Tree::new(None, stop);
    format::read(file, &mut tree)?;
    tree.finish()
}

/// Removes what an agent before this one did not receive to the end. Blocking.
///
/// # Errors
/// When the directory cannot be read, or a file not be removed.
pub fn remove_partial(uploads: &Path) -> io::Result<()> {
    let mut removed = Ok(());
    for entry in fs::read_dir(uploads)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_whole = name
            .to_str()
            .is_some_and(|name| name.parse::<Sha256Digest>().is_ok());
        if !is_whole && entry.file_type()?.is_file() {
            removed = fs::remove_file(entry.path()).and(removed);
        }
    }
    removed
}

/// Removes archives that nobody uses and that have lain for so long; one that was just
/// received is not yet known to whom it belongs. Gives how many. Blocking.
///
/// # Errors
/// When the directory cannot be read.
pub fn remove_unused(
    uploads: &Path,
    used: &[Sha256Digest],
    unused_for: Duration,
) -> io::Result<usize> {
    let used: HashSet<&str> = used.iter().map(Sha256Digest::as_str).collect();
    let now = SystemTime::from(clock::now());
    let mut removed = 0;
    for entry in fs::read_dir(uploads)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| used.contains(name)) {
            continue;
        }
        let age = now
            .duration_since(entry.metadata()?.modified()?)
            .unwrap_or_default();
        if age >= unused_for {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}
