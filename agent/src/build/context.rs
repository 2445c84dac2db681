//! The build context as a stream of a tar file.
//!
//! Equal checkouts give equal bytes: entries are sorted, owners are zero, modes are
//! reduced to what Git knows, and all times are the commit's. Links go as links.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};
use tokio::sync::mpsc;

use super::dockerignore::Ignore;
use super::paths::Place;
use crate::stage::StageError;

/// How much is sent at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// How many chunks may wait for the engine.
const WAITING: usize = 8;

/// The server of static sites.
pub(super) static SERVER: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/longshore-static-server"));

/// A context that is ready to be sent.
pub(super) struct Context {
    root: PathBuf,
    ignore: Ignore,
    time: u64,
    /// The Dockerfile's name in the context.
    pub(super) dockerfile: String,
    /// The Dockerfile's text, when it has to be sent in addition.
    extra: Option<Vec<u8>>,
    /// Whether the server of static sites is sent too.
    server: bool,
}

/// A piece of the tar file, or why there are no more.
pub(super) type Chunk = Result<Bytes, std::io::Error>;

impl Context {
    /// The context of a build. The Dockerfile is sent in addition, by a name of ours,
    /// when it is outside of the context or left out by the ignore file.
    pub(super) fn new(place: &Place, checkout: &Path) -> Result<Self, StageError> {
        let ignore = Ignore::parse(place.ignore.as_deref().unwrap_or_default())?;
        let time = checkout
            .metadata()
            .map_or(0, |metadata| metadata.mtime().max(0).unsigned_abs());
        let within = place
            .dockerfile
            .strip_prefix(&place.context)
            .ok()
            .and_then(Path::to_str)
            .filter(|path| !place.generated && !ignore.excludes(path.as_bytes()));
        let (dockerfile, extra) = match within {
            Some(path) => (path.to_owned(), None),
            None => (
                generated_name(&place.dockerfile_text),
                Some(place.dockerfile_text.clone()),
            ),
        };
        Ok(Self {
            root: place.context.clone(),
            ignore,
            time,
            dockerfile,
            extra,
            server: place.server,
        })
    }

    /// The same context with another Dockerfile.
    pub(super) fn replace_dockerfile(&mut self, text: Vec<u8>) {
        self.dockerfile = generated_name(&text);
        self.extra = Some(text);
    }

    /// Starts to write the tar file on a blocking thread; it ends when the receiver is
    /// dropped.
    pub(super) fn stream(self) -> mpsc::Receiver<Chunk> {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::task::spawn_blocking(move || {
            let mut writer = ChunkWriter {
                buffer: Vec::with_capacity(CHUNK),
                sender: sender.clone(),
            };
            if let Err(error) = self.write(&mut writer).and_then(|()| writer.flush()) {
                // Nobody listens when the build was cancelled.
                let _ = sender.blocking_send(Err(error));
            }
        });
        receiver
    }

    fn write(&self, writer: &mut ChunkWriter) -> std::io::Result<()> {
        let mut builder = tar::Builder::new(writer);
        if let Some(text) = &self.extra {
            let mut header = self.header(EntryType::Regular, 0o644, text.len() as u64);
            builder.append_data(&mut header, &self.dockerfile, text.as_slice())?;
        }
        if self.server {
            let mut header = self.header(EntryType::Regular, 0o755, SERVER.len() as u64);
            builder.append_data(&mut header, longshore_autobuild::SERVER, SERVER)?;
        }
        self.folder(&mut builder, &mut Vec::new())?;
        builder.finish()
    }

    /// Writes what is in a folder, given by its path from the root.
    fn folder(
        &self,
        builder: &mut tar::Builder<&mut ChunkWriter>,
        path: &mut Vec<u8>,
    ) -> std::io::Result<()> {
        let mut names: Vec<_> = std::fs::read_dir(self.root.join(OsStr::from_bytes(path)))?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<_, _>>()?;
        names.sort();
        for name in names {
            let length = path.len();
            if length > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name.as_bytes());
            self.entry(builder, path)?;
            path.truncate(length);
        }
        Ok(())
    }

    fn entry(
        &self,
        builder: &mut tar::Builder<&mut ChunkWriter>,
        path: &mut Vec<u8>,
    ) -> std::io::Result<()> {
        let relative = PathBuf::from(OsStr::from_bytes(path));
        let full = self.root.join(&relative);
        let metadata = full.symlink_metadata()?;
        let excluded = self.ignore.excludes(path);
        if metadata.is_dir() {
            if excluded && !self.ignore.may_include_below(path) {
                return Ok(());
            }
            if !excluded {
                let mut header = self.header(EntryType::Directory, 0o755, 0);
                builder.append_data(&mut header, &relative, std::io::empty())?;
            }
            return self.folder(builder, path);
        }
        if excluded {
            return Ok(());
        }
        if metadata.is_symlink() {
            let target = std::fs::read_link(&full)?;
            let mut header = self.header(EntryType::Symlink, 0o777, 0);
            return builder.append_link(&mut header, &relative, &target);
        }
        if metadata.is_file() {
            let mode = if metadata.mode() & 0o100 == 0 {
                0o644
            } else {
                0o755
            };
            let mut header = self.header(EntryType::Regular, mode, metadata.len());
            let file = open(&full)?;
            builder.append_data(&mut header, &relative, file)?;
        }
        Ok(())
    }

    fn header(&self, kind: EntryType, mode: u32, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_mtime(self.time);
        header.set_uid(0);
        header.set_gid(0);
        header
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    OpenOptions::new()
        .read(true)
        .custom_flags(no_follow)
        .open(path)
}

/// A name for a Dockerfile that the context does not hold, the same for the same text.
fn generated_name(text: &[u8]) -> String {
    format!(
        ".longshore-dockerfile-{}",
        hex::encode(&Sha256::digest(text)[..8])
    )
}

/// Collects bytes to chunks and waits for the engine to take them.
struct ChunkWriter {
    buffer: Vec<u8>,
    sender: mpsc::Sender<Chunk>,
}

impl ChunkWriter {
    fn send(&mut self) -> std::io::Result<()> {
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.sender
            .blocking_send(Ok(chunk.into()))
            .map_err(|_| std::io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.buffer.is_empty() {
            Ok(())
        } else {
            self.send()
        }
    }
}

#[cfg(test)]
mod tests;
