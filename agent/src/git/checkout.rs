//! Writes a commit's files into a fresh directory.
//!
//! A hostile tree cannot lead out of it: every directory on the way was made by this
//! code in this pass, names are checked, nothing existing is ever opened, and symbolic
//! links are written as links and never followed. No filter of `.gitattributes` runs.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use git2::{Odb, Oid, Repository, Tree};
use longshore_domain::{CommitSha, FailureKind, GitUrl};

use super::access::Access;
use super::explain;
use super::mirror::{Trouble, damaged, trouble};
use super::progress::has_room;
use crate::stage::StageError;

/// The deepest nesting of directories.
const MAX_DEPTH: usize = 128;

/// The most files, directories and links of a checkout. A few small objects can name
/// each other into billions.
const MAX_ENTRIES: usize = 1_000_000;

/// The largest file, in bytes: each is held in memory while it is written.
const MAX_FILE: usize = 1024 * 1024 * 1024;

/// The largest text of a symbolic link, in bytes, as Linux allows.
const MAX_LINK: usize = 4095;

/// How many bytes are written between two looks at the free disk.
const ROOM_STEP: u64 = 64 * 1024 * 1024;

/// A commit whose files were written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) sha: CommitSha,
    pub(super) subject: String,
    pub(super) author: String,
    pub(super) tree: String,
    /// When it was committed.
    pub(super) time: SystemTime,
    pub(super) reused: bool,
    /// The text of `.gitmodules`, if it has one.
    pub(super) gitmodules: Option<String>,
    /// Paths at which the tree names commits of submodules.
    pub(super) submodules: Vec<(String, Oid)>,
}

/// Writes a commit's files into a directory, whose earlier content goes.
pub(super) fn write(
    repository: &Repository,
    oid: Oid,
    url: &GitUrl,
    access: &Access,
    into: &Path,
) -> Result<Written, Trouble> {
    let explained = |error: git2::Error| trouble(&error, url, access);
    let commit = repository.find_commit(oid).map_err(|_| damaged())?;
    let tree = commit.tree().map_err(|_| damaged())?;
    let odb = repository.odb().map_err(explained)?;
    clear(into).map_err(|error| explain::files(&error))?;
    let mut writer = Writer {
        repository,
        odb,
        access,
        root: into,
        entries: 0,
        unchecked_bytes: ROOM_STEP,
        submodules: Vec::new(),
    };
    writer.directory(&tree, into, &mut String::new(), 0)?;
    let gitmodules = tree
        .get_name(".gitmodules")
        .and_then(|entry| repository.find_blob(entry.id()).ok())
        .map(|blob| String::from_utf8_lossy(blob.content()).into_owned());
    let seconds = u64::try_from(commit.time().seconds()).unwrap_or(0);
    let subject = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    let author = String::from_utf8_lossy(commit.author().name_bytes()).into_owned();
    Ok(Written {
        sha: oid.to_string().parse().map_err(|_| damaged())?,
        subject: explain::one_line(&subject, 200),
        author: explain::one_line(&author, 200),
        tree: tree.id().to_string(),
        time: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(u64::from(u32::MAX))),
        reused: false,
        gitmodules,
        submodules: writer.submodules,
    })
}

/// Gives the work tree the commit's time. The build context takes it for every file,
/// so that equal commits give equal bytes.
pub(super) fn stamp(work_tree: &Path, time: SystemTime) -> Result<(), StageError> {
    File::open(work_tree)
        .and_then(|directory| directory.set_modified(time))
        .map_err(|error| explain::files(&error))
}

/// Makes an empty directory. What stood there goes; links in it are not followed.
fn clear(directory: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(directory) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(directory)?,
        Ok(_) => std::fs::remove_file(directory)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(directory)
}

struct Writer<'a> {
    repository: &'a Repository,
    odb: Odb<'a>,
    access: &'a Access,
    root: &'a Path,
    entries: usize,
    unchecked_bytes: u64,
    submodules: Vec<(String, Oid)>,
}

impl Writer<'_> {
    /// Writes a tree into a directory that this pass has made. `path` is the
    /// directory's path from the root, with a trailing slash.
    fn directory(
        &mut self,
        tree: &Tree<'_>,
        into: &Path,
        path: &mut String,
        depth: usize,
    ) -> Result<(), Trouble> {
        if depth > MAX_DEPTH {
            return Err(refused("directories nested too deeply", path));
        }
        for entry in tree {
            if self.access.stopped() {
                return Err(StageError::Cancelled.into());
            }
            self.entries += 1;
            if self.entries > MAX_ENTRIES {
                return Err(refused("too many files", path));
            }
            let name = entry.name_bytes();
            let shown = String::from_utf8_lossy(name).into_owned();
            if !is_safe(name) {
                return Err(refused(
                    "a name that Git does not allow",
                    &format!("{path}{shown}"),
                ));
            }
            let target = into.join(OsStr::from_bytes(name));
            let failed = |error: std::io::Error| -> Trouble {
                if error.kind() == std::io::ErrorKind::AlreadyExists {
                    refused("the same name twice", &format!("{path}{shown}"))
                } else {
                    explain::files(&error).into()
                }
            };
            match entry.filemode_raw() & 0o170_000 {
                0o040_000 => {
                    let below = self
                        .repository
                        .find_tree(entry.id())
                        .map_err(|_| damaged())?;
                    make_directory(&target).map_err(failed)?;
                    let length = path.len();
                    path.push_str(&shown);
                    path.push('/');
                    self.directory(&below, &target, path, depth + 1)?;
                    path.truncate(length);
                }
                0o160_000 => {
                    make_directory(&target).map_err(failed)?;
                    self.submodules.push((format!("{path}{shown}"), entry.id()));
                }
                0o120_000 => {
                    self.reserve(entry.id(), MAX_LINK, path, &shown)?;
                    let blob = self
                        .repository
                        .find_blob(entry.id())
                        .map_err(|_| damaged())?;
                    if blob.content().is_empty() || blob.content().contains(&0) {
                        return Err(refused("a broken link", &format!("{path}{shown}")));
                    }
                    std::os::unix::fs::symlink(OsStr::from_bytes(blob.content()), &target)
                        .map_err(failed)?;
                }
                _ => {
                    self.reserve(entry.id(), MAX_FILE, path, &shown)?;
                    let blob = self
                        .repository
                        .find_blob(entry.id())
                        .map_err(|_| damaged())?;
                    let executable = entry.filemode_raw() & 0o100 != 0;
                    OpenOptions::new()
                        .write(true)
                        .create_new(true)
                        .mode(if executable { 0o755 } else { 0o644 })
                        .open(&target)
                        .and_then(|mut file| file.write_all(blob.content()))
                        .map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Looks at an object's size before it is read.
    fn reserve(&mut self, oid: Oid, most: usize, path: &str, name: &str) -> Result<(), Trouble> {
        let (size, _) = self.odb.read_header(oid).map_err(|_| damaged())?;
        if size > most {
            return Err(refused(
                "a file that is too large",
                &format!("{path}{name}"),
            ));
        }
        self.unchecked_bytes += size as u64;
        if self.unchecked_bytes >= ROOM_STEP {
            self.unchecked_bytes = 0;
            if !has_room(self.root, size as u64) {
                return Err(explain::disk_full().into());
            }
        }
        Ok(())
    }
}

fn make_directory(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().mode(0o755).create(path)
}

/// Whether a name may stand in a checkout: one plain component, and nothing that a Git
/// program on any file system would take for `.git`.
fn is_safe(name: &[u8]) -> bool {
    if name.is_empty() || name == b"." || name == b".." {
        return false;
    }
    if name.len() > 255 || name.contains(&b'/') || name.contains(&0) {
        return false;
    }
    let plain: String = String::from_utf8_lossy(name)
        .chars()
        .filter(|c| !is_ignored_by_hfs(*c))
        .collect();
    let plain = plain.trim_end_matches(['.', ' ']).to_lowercase();
    plain != ".git" && plain != "git~1" && !plain.starts_with(".git:")
}

/// Characters that HFS+ drops from names (Git's own list).
fn is_ignored_by_hfs(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

fn refused(what: &str, path: &str) -> Trouble {
    Trouble::Final(StageError::failed(
        FailureKind::PathInvalid,
        format!(
            "The repository holds {what}: {}.",
            explain::one_line(path, 200)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::is_safe;

    #[test]
    fn names_that_git_forbids_are_refused() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            ".git",
            ".GIT",
            ".Git",
            ".git.",
            ".git ",
            "git~1",
            "GIT~1",
            ".g\u{200c}it",
            ".git\u{feff}",
            ".git::$INDEX_ALLOCATION",
        ] {
            assert!(!is_safe(name.as_bytes()), "{name:?}");
        }
        assert!(!is_safe(b"a\0b"));
    }

    #[test]
    fn ordinary_names_are_taken() {
        for name in [
            ".github",
            ".gitignore",
            "git",
            "...",
            "a b",
            "ü",
            "-rf",
            "c:",
        ] {
            assert!(is_safe(name.as_bytes()), "{name:?}");
        }
        assert!(is_safe(b"\xff\xfe"));
    }
}
