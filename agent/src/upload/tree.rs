//! What an archive unpacks to, while it is read.

use std::collections::{BTreeMap, HashMap};
use std::fs::{DirBuilder, OpenOptions};
use std::io::{Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::name::{checked, shown, stays_inside};
use super::{DISK_RESERVE, MAX_ENTRIES, MAX_UNPACKED, Trouble};

/// How many bytes are written between two looks at the free disk.
const ROOM_STEP: u64 = 64 * 1024 * 1024;

/// One thing in the tree.
enum Node {
    Folder,
    File {
        executable: bool,
        size: u64,
        digest: [u8; 32],
    },
    Link {
        target: String,
    },
}

/// What an archive held.
#[derive(Debug)]
pub(super) struct Contents {
    /// What identifies the files.
    pub identity: String,
    /// Files and links.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Entries that were left out.
    pub left_out: u64,
    /// The folder that everything is in; it is not part of the paths that count.
    pub top: Option<String>,
}

/// The tree of an archive; written below a directory, or only checked.
pub(super) struct Tree<'a> {
    into: Option<&'a Path>,
    stop: &'a CancellationToken,
    nodes: BTreeMap<String, Node>,
    /// Paths in lower case.
    folded: HashMap<String, String>,
    bytes: u64,
    /// The most that it may unpack to.
    pub(super) most_bytes: u64,
    unchecked_bytes: u64,
    left_out: u64,
    entries: usize,
}

impl<'a> Tree<'a> {
    pub(super) fn new(into: Option<&'a Path>, stop: &'a CancellationToken) -> Self {
        Self {
            into,
            stop,
            nodes: BTreeMap::new(),
            folded: HashMap::new(),
            bytes: 0,
            most_bytes: MAX_UNPACKED,
            unchecked_bytes: ROOM_STEP,
            left_out: 0,
            entries: 0,
        }
    }

    /// Takes a folder; one that is there already is fine.
    pub(super) fn folder(&mut self, raw: &[u8]) -> Result<(), Trouble> {
        match self.path(raw)? {
            Some(path) => self.make_folders(&path),
            None => Ok(()),
        }
    }

    /// Takes a file with what it holds.
    pub(super) fn file(
        &mut self,
        raw: &[u8],
        executable: bool,
        content: &mut dyn Read,
    ) -> Result<(), Trouble> {
        let Some(path) = self.new_path(raw)? else {
            return Ok(());
        };
        let mut file = match self.into {
            Some(root) => Some(
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(if executable { 0o755 } else { 0o644 })
                    .open(root.join(&path))?,
            ),
            None => None,
        };
        let mut hash = Sha256::new();
        let mut size = 0;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => {
                    return Err(Trouble::Refused(format!(
                        "is damaged or cut off at {}",
                        shown(raw)
                    )));
                }
            };
            size += count as u64;
            self.count(count as u64)?;
            hash.update(&buffer[..count]);
            if let Some(file) = &mut file {
                file.write_all(&buffer[..count])?;
            }
        }
        let digest = hash.finalize().into();
        let node = Node::File {
            executable,
            size,
            digest,
        };
        self.nodes.insert(path, node);
        Ok(())
    }

    /// Takes a symbolic link.
    pub(super) fn link(&mut self, raw: &[u8], target: &[u8]) -> Result<(), Trouble> {
        let Some(path) = self.new_path(raw)? else {
            return Ok(());
        };
        let target = std::str::from_utf8(target)
            .ok()
            .filter(|target| target.len() <= 1024 && !target.contains('\0'))
            .ok_or_else(|| Trouble::Refused(format!("holds {}, a link to no name", shown(raw))))?;
        if let Some(root) = self.into
            && !target.is_empty()
        {
            std::os::unix::fs::symlink(target, root.join(&path))?;
        }
        let target = target.to_owned();
        self.nodes.insert(path, Node::Link { target });
        Ok(())
    }

    /// Takes another name of a file that came before.
    pub(super) fn hard_link(&mut self, raw: &[u8], target: &[u8]) -> Result<(), Trouble> {
        let Some(path) = self.new_path(raw)? else {
            return Ok(());
        };
        let original = checked(target)?.unwrap_or_default();
        let Some(Node::File {
            executable,
            size,
            digest,
        }) = self.nodes.get(&original)
        else {
            return Err(Trouble::Refused(format!(
                "holds {}, a hard link to {}, which is no file before it",
                shown(raw),
                shown(target)
            )));
        };
        let (executable, size, digest) = (*executable, *size, *digest);
        // Each name is a file of its own in the build.
        self.count(size)?;
        if let Some(root) = self.into {
            std::fs::hard_link(root.join(original), root.join(&path))?;
        }
        let node = Node::File {
            executable,
            size,
            digest,
        };
        self.nodes.insert(path, node);
        Ok(())
    }

    /// Refuses what is neither a file nor a folder nor a link.
    pub(super) fn other(raw: &[u8], what: &str) -> Trouble {
        Trouble::Refused(format!("holds {}, {what}", shown(raw)))
    }

    /// The end of the archive.
    pub(super) fn finish(self) -> Result<Contents, Trouble> {
        let top = self.top();
        let begin = top.as_ref().map_or(0, |top| top.len() + 1);
        let mut hash = Sha256::new();
        let mut files = 0;
        for (path, node) in &self.nodes {
            let Some(path) = path.get(begin..) else {
                continue;
            };
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(path);
            match node {
                Node::Folder => hash.update([0]),
                Node::File {
                    executable, digest, ..
                } => {
                    files += 1;
                    hash.update([1, u8::from(*executable)]);
                    hash.update(digest);
                }
                Node::Link { target } => {
                    files += 1;
                    if !stays_inside(path, target) {
                        return Err(Trouble::Refused(format!(
                            "holds {}, a link to {}, which leads out of it",
                            shown(path.as_bytes()),
                            shown(target.as_bytes())
                        )));
                    }
                    hash.update([2]);
                    hash.update((target.len() as u64).to_le_bytes());
                    hash.update(target);
                }
            }
        }
        if files == 0 {
            return Err(Trouble::Refused("holds no files".to_owned()));
        }
        Ok(Contents {
            identity: format!("upload:{}", hex::encode(hash.finalize())),
            files,
            bytes: self.bytes,
            left_out: self.left_out,
            top,
        })
    }

    /// The folder that everything is in.
    fn top(&self) -> Option<String> {
        let (first, node) = self.nodes.first_key_value()?;
        let is_all = matches!(node, Node::Folder)
            && self.nodes.len() > 1
            && self.nodes.keys().skip(1).all(|path| {
                path.strip_prefix(first.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            });
        is_all.then(|| first.clone())
    }

    /// The path of an entry; none when it is left out.
    fn path(&mut self, raw: &[u8]) -> Result<Option<String>, Trouble> {
        if self.stop.is_cancelled() {
            return Err(Trouble::Stopped);
        }
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            return Err(Trouble::Refused(format!(
                "holds more than {MAX_ENTRIES} files and folders"
            )));
        }
        let path = checked(raw)?;
        if path.is_none() {
            self.left_out += 1;
        }
        Ok(path.filter(|path| !path.is_empty()))
    }

    /// The path of something that is not there yet, its folder made.
    fn new_path(&mut self, raw: &[u8]) -> Result<Option<String>, Trouble> {
        let Some(path) = self.path(raw)? else {
            return Ok(None);
        };
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.make_folders(folder)?;
        }
        if self.nodes.contains_key(&path) {
            return Err(Trouble::Refused(format!("holds {} twice", shown(raw))));
        }
        self.fold(&path)?;
        Ok(Some(path))
    }

    fn make_folders(&mut self, path: &str) -> Result<(), Trouble> {
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        for end in ends {
            let folder = &path[..end];
            match self.nodes.get(folder) {
                Some(Node::Folder) => continue,
                Some(Node::File { .. } | Node::Link { .. }) => {
                    return Err(Trouble::Refused(format!(
                        "holds {} as a folder, which is a file or a link before",
                        shown(folder.as_bytes())
                    )));
                }
                None => {}
            }
            self.fold(folder)?;
            if self.nodes.len() >= MAX_ENTRIES {
                return Err(Trouble::Refused(format!(
                    "holds more than {MAX_ENTRIES} files and folders"
                )));
            }
            if let Some(root) = self.into {
                DirBuilder::new().mode(0o755).create(root.join(folder))?;
            }
            self.nodes.insert(folder.to_owned(), Node::Folder);
        }
        Ok(())
    }

    /// Two names that are one on other systems are refused.
    fn fold(&mut self, path: &str) -> Result<(), Trouble> {
        match self.folded.insert(path.to_lowercase(), path.to_owned()) {
            Some(other) if other != path => Err(Trouble::Refused(format!(
                "holds {} and {}, which differ in capital letters alone",
                shown(other.as_bytes()),
                shown(path.as_bytes())
            ))),
            _ => Ok(()),
        }
    }

    fn count(&mut self, bytes: u64) -> Result<(), Trouble> {
        if self.stop.is_cancelled() {
            return Err(Trouble::Stopped);
        }
        self.bytes += bytes;
        if self.bytes > self.most_bytes {
            return Err(Trouble::Refused("unpacks to more than 4 GiB".to_owned()));
        }
        let Some(root) = self.into else {
            return Ok(());
        };
        self.unchecked_bytes += bytes;
        if self.unchecked_bytes >= ROOM_STEP {
            self.unchecked_bytes = 0;
            let space = crate::disk::measure(root);
            if space.is_some_and(|space| space.free_bytes < DISK_RESERVE + ROOM_STEP) {
                return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
            }
        }
        Ok(())
    }
}
