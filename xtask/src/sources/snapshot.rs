//! The content and the time of every file and folder below a root.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What is not a source, wherever it lies.
const LEFT_OUT: &[&str] = &[".git", "node_modules", "target"];

/// By path from the root.
#[derive(Serialize, Deserialize)]
pub struct Snapshot(BTreeMap<PathBuf, Entry>);

#[derive(Serialize, Deserialize)]
struct Entry {
    /// Of a file's bytes; a folder has none, its files tell what it is.
    digest: Option<String>,
    modified: SystemTime,
}

impl Snapshot {
    /// Reads everything below the root.
    pub fn take(root: &Path) -> anyhow::Result<Self> {
        let mut snapshot = Self(BTreeMap::new());
        snapshot.add(root, Path::new(""))?;
        Ok(snapshot)
    }

    fn add(&mut self, root: &Path, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(root.join(folder))? {
            let entry = entry?;
            let name = entry.file_name();
            if LEFT_OUT.iter().any(|left_out| name == *left_out) {
                continue;
            }
            let path = folder.join(&name);
            let metadata = entry.metadata()?;
            let digest = if metadata.is_dir() {
                self.add(root, &path)?;
                None
            } else if metadata.is_file() {
                Some(hex::encode(Sha256::digest(fs::read(entry.path())?)))
            } else {
                continue;
            };
            let modified = metadata.modified()?;
            self.0.insert(path, Entry { digest, modified });
        }
        Ok(())
    }

    /// The folders that have a manifest, except the root.
    pub fn packages(&self) -> BTreeSet<PathBuf> {
        self.0
            .keys()
            .filter(|path| path.ends_with("Cargo.toml"))
            .filter_map(|path| path.parent())
            .filter(|folder| !folder.as_os_str().is_empty())
            .map(Path::to_path_buf)
            .collect()
    }

    /// Every file and folder.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Whether both have the same files with the same content at and below a path.
    pub fn equals(&self, other: &Self, below: &Path) -> bool {
        self.below(below).eq(other.below(below))
    }

    /// Tells whether what is at and below some paths is what it was at another time.
    pub fn digest(&self, paths: &[&str]) -> String {
        let mut digest = Sha256::new();
        for (path, content) in paths.iter().flat_map(|path| self.below(Path::new(path))) {
            digest.update(format!("{} {content:?}\n", path.display()));
        }
        hex::encode(digest.finalize())
    }

    fn below(&self, below: &Path) -> impl Iterator<Item = (&Path, Option<&str>)> {
        self.entries_below(below)
            .map(|(path, entry)| (path.as_path(), entry.digest.as_deref()))
    }

    /// Paths are ordered by their parts: what is below one follows it.
    fn entries_below(&self, below: &Path) -> impl Iterator<Item = (&PathBuf, &Entry)> {
        self.0
            .range(below.to_path_buf()..)
            .take_while(move |(path, _)| path.starts_with(below))
    }

    /// Sets the times of all that is at and below a path to those of this snapshot.
    pub fn give_times_back(&self, root: &Path, below: &Path) -> anyhow::Result<()> {
        for (path, entry) in self.entries_below(below) {
            File::open(root.join(path))?.set_modified(entry.modified)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use super::Snapshot;

    /// A workspace with two packages, in a folder that the test removes.
    struct Clone(PathBuf);

    impl Clone {
        fn new(name: &str) -> Self {
            let root = std::env::temp_dir()
                .join(format!("longshore-snapshot-{}-{name}", std::process::id()));
            for package in ["one", "two"] {
                fs::create_dir_all(root.join(package).join("src")).expect("a folder");
                fs::write(root.join(package).join("Cargo.toml"), package).expect("a manifest");
                fs::write(root.join(package).join("src/lib.rs"), package).expect("a source");
            }
            Self(root)
        }

        fn snapshot(&self) -> Snapshot {
            Snapshot::take(&self.0).expect("a snapshot")
        }

        fn time_of(&self, file: &str) -> SystemTime {
            let metadata = fs::metadata(self.0.join(file)).expect("a file");
            metadata.modified().expect("a time")
        }
    }

    impl Drop for Clone {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_package_is_the_same_until_a_file_of_it_changes_comes_or_goes() {
        let clone = Clone::new("same");
        let before = clone.snapshot();
        assert!(clone.snapshot().equals(&before, Path::new("one")));
        fs::write(clone.0.join("one/src/lib.rs"), "changed").expect("a change");
        assert!(!clone.snapshot().equals(&before, Path::new("one")));
        assert!(clone.snapshot().equals(&before, Path::new("two")));
        fs::write(clone.0.join("two/src/new.rs"), "").expect("a new file");
        assert!(!clone.snapshot().equals(&before, Path::new("two")));
        fs::remove_file(clone.0.join("two/src/new.rs")).expect("it goes");
        fs::remove_file(clone.0.join("two/src/lib.rs")).expect("another goes");
        assert!(!clone.snapshot().equals(&before, Path::new("two")));
    }

    #[test]
    fn a_package_gets_the_times_of_another_clone_and_its_neighbour_does_not() {
        let (old, new) = (Clone::new("old"), Clone::new("new"));
        let earlier = SystemTime::now() - Duration::from_hours(1);
        for file in ["one/src/lib.rs", "one/src", "two/src/lib.rs"] {
            let file = fs::File::open(old.0.join(file)).expect("a file");
            file.set_modified(earlier).expect("a time");
        }
        let untouched = new.time_of("two/src/lib.rs");
        old.snapshot()
            .give_times_back(&new.0, Path::new("one"))
            .expect("times");
        assert_eq!(new.time_of("one/src/lib.rs"), earlier);
        assert_eq!(new.time_of("one/src"), earlier);
        assert_eq!(new.time_of("two/src/lib.rs"), untouched);
    }

    #[test]
    fn packages_are_the_folders_with_a_manifest() {
        let clone = Clone::new("packages");
        fs::write(clone.0.join("Cargo.toml"), "").expect("the workspace's");
        let packages = clone.snapshot().packages();
        assert_eq!(
            packages.into_iter().collect::<Vec<_>>(),
            ["one", "two"].map(PathBuf::from)
        );
    }
}
