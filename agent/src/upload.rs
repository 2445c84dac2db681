//! Archives that people upload: received, checked, kept by their content, unpacked.
//!
//! Everything in an archive is data of a stranger. Names are checked before anything is
//! written, every directory on the way was made by this code in this pass, nothing that
//! exists is opened, links are written as links and never followed. What is unpacked is
//! counted, whatever the archive says of itself.

mod format;
mod name;
mod store;
mod tape;
mod tree;
mod zipped;

use std::path::Path;

use longshore_domain::FailureKind;
use longshore_domain::source::Archive;
use tokio_util::sync::CancellationToken;

use crate::stage::{StageContext, StageError};

pub use store::{receive, remove_partial, remove_unused};
use tree::{Contents, Tree};

/// The most files, folders and links of an archive.
const MAX_ENTRIES: usize = 200_000;
/// The most that an archive may unpack to, in bytes.
const MAX_UNPACKED: u64 = 4 * 1024 * 1024 * 1024;
/// What is left free on the disk, in bytes.
const DISK_RESERVE: u64 = 256 * 1024 * 1024;

/// Why an archive was not taken.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// It is refused; the end of a sentence that begins with "The archive".
    #[error("The archive {0}.")]
    Refused(String),
    /// The work was cancelled.
    #[error("cancelled")]
    Stopped,
    /// The disk of this machine.
    #[error("the archive's files cannot be written")]
    Disk(#[from] std::io::Error),
}

impl From<Trouble> for StageError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(_) => Self::failed(FailureKind::ArchiveInvalid, trouble.to_string()),
            Trouble::Stopped => Self::Cancelled,
            Trouble::Disk(error) => {
                tracing::warn!(%error, "an archive cannot be written");
                Self::failed(
                    FailureKind::DiskFull,
                    "The archive's files could not be written to the disk of the server.",
                )
            }
        }
    }
}

/// Unpacks an archive into a work tree, whose earlier content goes. Gives what identifies
/// the files: equal texts mean equal files, whatever the archive looks like.
///
/// # Errors
/// [`StageError::Cancelled`], or the failure.
pub async fn unpack(
    context: &StageContext,
    uploads: &Path,
    archive: &Archive,
    work_tree: &Path,
) -> Result<String, StageError> {
    let path = store::path(uploads, &archive.digest);
    let into = work_tree.to_owned();
    let stop = context.cancel.child_token();
    let _guard = stop.clone().drop_guard();
    let name = archive.name.clone();
    let work = tokio::task::spawn_blocking(move || write(&path, &into, &stop));
    let contents = work
        .await
        .map_err(|error| StageError::failed(FailureKind::Internal, error.to_string()))?
        .map_err(|trouble| match trouble {
            Trouble::Disk(error) if error.kind() == std::io::ErrorKind::NotFound => {
                StageError::failed(
                    FailureKind::ArchiveInvalid,
                    format!("The archive {name} is not on this server any more; upload it again."),
                )
            }
            other => other.into(),
        })?;
    context.say(format!(
        "Unpacked {}: {} files, {} bytes.",
        archive.name, contents.files, contents.bytes
    ));
    if contents.left_out > 0 {
        context.say(format!(
            "Left out {} entries: the folders .git and __MACOSX, and .DS_Store.",
            contents.left_out
        ));
    }
    if let Some(top) = &contents.top {
        context.say(format!(
            "Everything in the archive is in the folder {top}, so that folder is the root."
        ));
    }
    Ok(contents.identity)
}

/// Blocking.
fn write(archive: &Path, into: &Path, stop: &CancellationToken) -> Result<Contents, Trouble> {
    let file = std::fs::File::open(archive)?;
    let time = file.metadata()?.modified()?;
    clear(into)?;
    let mut tree = Tree::new(Some(into), stop);
    format::read(file, &mut tree)?;
    let contents = tree.finish()?;
    if let Some(top) = &contents.top {
        lift(into, top)?;
    }
    // The build's context takes this time for every file.
    std::fs::File::open(into)?.set_modified(time)?;
    Ok(contents)
}

/// Makes the one folder in a directory that directory.
fn lift(directory: &Path, top: &str) -> std::io::Result<()> {
    // What is beside a work tree begins with its name, and goes with it.
    let mut aside = directory.as_os_str().to_owned();
    aside.push("-lifted");
    let aside = Path::new(&aside);
    if aside.symlink_metadata().is_ok() {
        std::fs::remove_dir_all(aside)?;
    }
    std::fs::rename(directory.join(top), aside)?;
    std::fs::remove_dir_all(directory)?;
    std::fs::rename(aside, directory)
}

fn clear(directory: &Path) -> std::io::Result<()> {
    match directory.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(directory)?,
        Ok(_) => std::fs::remove_file(directory)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    std::fs::create_dir_all(directory)
}

#[cfg(test)]
mod tests;
