//! Empty files in place of files of variables that are not in the repository, for as long
//! as docker-compose looks. The variables themselves never lie on the disk.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Files that go again.
pub(super) struct Placeholders<'a> {
    root: &'a Path,
    made: Vec<PathBuf>,
    /// Paths that one stands at.
    standing: Vec<String>,
}

impl<'a> Placeholders<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self {
            root,
            made: Vec::new(),
            standing: Vec::new(),
        }
    }

    /// Puts an empty file at a path of the checkout; tells whether one stands there. Where
    /// something is, or a link leads elsewhere, nothing is done.
    pub(super) fn stand_in(&mut self, path: &str) -> bool {
        if self.standing.iter().any(|standing| standing == path) {
            return true;
        }
        let mut place = self.root.to_owned();
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            if matches!(part, "" | "." | "..") {
                return false;
            }
            place.push(part);
            let found = fs::symlink_metadata(&place);
            if parts.peek().is_none() {
                if found.is_ok() || fs::write(&place, b"").is_err() {
                    return false;
                }
                self.made.push(place);
                self.standing.push(path.to_owned());
                return true;
            }
            match found {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return false,
                Err(_) => {
                    if fs::DirBuilder::new().mode(0o755).create(&place).is_err() {
                        return false;
                    }
                    self.made.push(place.clone());
                }
            }
        }
        false
    }
}

impl Drop for Placeholders<'_> {
    fn drop(&mut self) {
        for path in self.made.iter().rev() {
            let removed = if path.is_dir() {
                fs::remove_dir(path)
            } else {
                fs::remove_file(path)
            };
            if let Err(error) = removed {
                tracing::warn!(%error, "a placeholder in a checkout cannot be removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Placeholders;

    #[test]
    fn a_placeholder_stands_only_where_nothing_is_and_goes_again() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("there.env"), "A=1").unwrap();
        std::os::unix::fs::symlink("/etc", root.join("out")).unwrap();
        {
            let mut placeholders = Placeholders::new(root);
            assert!(placeholders.stand_in(".env"));
            assert!(placeholders.stand_in(".env"));
            assert!(placeholders.stand_in("deep/er/.env"));
            assert!(root.join("deep/er/.env").exists());
            assert!(!placeholders.stand_in("there.env"));
            assert!(!placeholders.stand_in("out/x.env"));
            assert!(!placeholders.stand_in("../x.env"));
        }
        assert!(!root.join(".env").exists());
        assert!(!root.join("deep").exists());
        assert_eq!(std::fs::read(root.join("there.env")).unwrap(), b"A=1");
    }
}
