//! Copies of what components mount of a checkout. They outlive the work tree; equal files
//! have one copy, so that a version whose files did not change mounts the same place.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::paths::create_private;

/// The most files and bytes of one mount.
const MOST_ENTRIES: usize = 20_000;
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// Files that keep a directory in Git although it is empty.
const KEEPERS: [&str; 3] = [".gitkeep", ".keep", ".gitignore"];

/// What a mount of the checkout finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, or an empty directory.
    Nothing,
    /// A copy.
    Copy(PathBuf),
}

/// Why a path cannot be copied, as the end of a sentence.
#[derive(Debug, thiserror::Error)]
pub(super) enum CopyError {
    #[error("leads out of the repository")]
    Outside,
    #[error("is more than 20,000 files or 512 MiB; build it into an image, or use a volume")]
    TooLarge,
    #[error("cannot be copied: {0}")]
    Files(#[from] io::Error),
}

/// Copies a file or directory of a checkout into `folder`. Blocking.
pub(super) fn copy(checkout: &Path, path: &Path, folder: &Path) -> Result<Found, CopyError> {
    let root = checkout.canonicalize()?;
    let Ok(source) = root.join(path).canonicalize() else {
        // Also a link to nowhere.
        return Ok(Found::Nothing);
    };
    if !source.starts_with(&root) {
        return Err(CopyError::Outside);
    }
    let mut content = Content::default();
    content.take(&source, Path::new(""))?;
    let is_file = source.is_file();
    let is_empty = content.entries.iter().all(|(relative, kind)| {
        let name = relative.file_name().unwrap_or_default().to_string_lossy();
        *kind == Kind::Directory || (*kind == Kind::File && KEEPERS.contains(&name.as_ref()))
    });
    if !is_file && is_empty {
        return Ok(Found::Nothing);
    }
    let digest = hex::encode(content.digest.finalize());
    let name = source.file_name().unwrap_or_default();
    let done = folder.join(&digest);
    let result = done.join(if is_file { name } else { "files".as_ref() });
    if result.exists() {
        return Ok(Found::Copy(result));
    }
    create_private(folder)?;
    let making = tempfile::tempdir_in(folder)?;
    let target = making.path().join(result.file_name().unwrap_or_default());
    for (relative, kind) in &content.entries {
        let from = source.join(relative);
        let (from, to) = if relative.as_os_str().is_empty() {
            (source.clone(), target.clone())
        } else {
            (from, target.join(relative))
        };
        match kind {
            Kind::Directory => {
                fs::create_dir(&to)?;
                fs::set_permissions(&to, fs::Permissions::from_mode(0o755))?;
            }
            Kind::Link => std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?,
            Kind::File => {
                fs::copy(&from, &to)?;
                File::open(&to)?.sync_data()?;
            }
        }
    }
    fs::set_permissions(making.path(), fs::Permissions::from_mode(0o755))?;
    match fs::rename(making.keep(), &done) {
        // Another component was quicker with the same files.
        Err(_) if result.exists() => {}
        other => other?,
    }
    Ok(Found::Copy(result))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Directory,
    File,
    Link,
}

#[derive(Default)]
struct Content {
    entries: Vec<(PathBuf, Kind)>,
    bytes: u64,
    digest: Sha256,
}

impl Content {
    fn take(&mut self, path: &Path, relative: &Path) -> Result<(), CopyError> {
        let metadata = fs::symlink_metadata(path)?;
        let kind = if metadata.is_dir() {
            Kind::Directory
        } else if metadata.is_symlink() {
            Kind::Link
        } else if metadata.is_file() {
            Kind::File
        } else {
            return Ok(());
        };
        self.entries.push((relative.to_owned(), kind));
        self.bytes += metadata.len();
        if self.entries.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            return Err(CopyError::TooLarge);
        }
        let name = relative.as_os_str().as_bytes();
        self.digest.update((name.len() as u64).to_le_bytes());
        self.digest.update(name);
        self.digest.update([kind as u8]);
        match kind {
            Kind::Directory => {
                let mut names: Vec<_> = fs::read_dir(path)?
                    .map(|entry| Ok(entry?.file_name()))
                    .collect::<io::Result<_>>()?;
                names.sort();
                for name in names {
                    self.take(&path.join(&name), &relative.join(&name))?;
                }
                self.digest.update([255]);
            }
            Kind::Link => self
                .digest
                .update(fs::read_link(path)?.as_os_str().as_bytes()),
            Kind::File => {
                let mode = metadata.permissions().mode();
                self.digest.update(mode.to_le_bytes());
                self.digest.update(metadata.len().to_le_bytes());
                if relative.as_os_str().is_empty() {
                    self.digest
                        .update(path.file_name().unwrap_or_default().as_bytes());
                }
                io::copy(&mut File::open(path)?, &mut self.digest)?;
            }
        }
        Ok(())
    }
}

/// Removes copies of a stack that nothing mounts. Blocking.
pub(crate) fn remove_unused(folder: &Path, mounted: &HashSet<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let path = entry?.path();
        if !mounted.iter().any(|mounted| mounted.starts_with(&path)) {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Found, copy, remove_unused};
    use std::collections::HashSet;
    use std::fs;
    use std::path::Path;

    #[test]
    fn equal_files_have_one_copy_and_nothing_leads_out() {
        let folder = tempfile::tempdir().unwrap();
        let (checkout, kept) = (folder.path().join("c"), folder.path().join("k"));
        fs::create_dir_all(checkout.join("db/sub")).unwrap();
        fs::create_dir_all(checkout.join("logs")).unwrap();
        fs::write(checkout.join("logs/.gitkeep"), "").unwrap();
        fs::write(checkout.join("db/sub/a.sql"), "select 1").unwrap();
        std::os::unix::fs::symlink("/etc", checkout.join("out")).unwrap();
        std::os::unix::fs::symlink("db", checkout.join("in")).unwrap();
        let get = |path: &str| copy(&checkout, Path::new(path), &kept);

        let Found::Copy(first) = get("db").unwrap() else {
            panic!("no copy")
        };
        assert_eq!(
            fs::read_to_string(first.join("sub/a.sql")).unwrap(),
            "select 1"
        );
        assert_eq!(get("in").unwrap(), Found::Copy(first.clone()));
        assert_eq!(get("logs").unwrap(), Found::Nothing);
        assert_eq!(get("absent").unwrap(), Found::Nothing);
        assert!(get("out").is_err());
        assert!(get("../k").is_err());
        fs::write(checkout.join("db/sub/a.sql"), "select 2").unwrap();
        let Found::Copy(second) = get("db").unwrap() else {
            panic!("no copy")
        };
        assert_ne!(first, second);
        let Found::Copy(file) = get("db/sub/a.sql").unwrap() else {
            panic!("no copy")
        };
        assert_eq!(fs::read_to_string(file).unwrap(), "select 2");

        remove_unused(&kept, &HashSet::from([second.clone()])).unwrap();
        assert!(second.exists() && !first.exists());
    }
}
