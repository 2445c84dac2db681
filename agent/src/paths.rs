//! Where the agent keeps what.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use longshore_domain::DeploymentId;

/// The agent's own directory and the places in it.
#[derive(Debug, Clone)]
pub struct Paths {
    root: PathBuf,
}

impl Paths {
    /// The places below a directory. Nothing is made yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Makes all directories, readable by the agent alone.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn create(&self) -> io::Result<()> {
        for directory in [
            self.root.clone(),
            self.jobs(),
            self.work_trees(),
            self.mirrors(),
            self.stacks(),
            self.drains(),
            self.uploads(),
        ] {
            create_private(&directory)?;
        }
        Ok(())
    }

    /// The agent's own directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The file that a working agent holds locked.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// The journals.
    pub fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    /// The journal of one job.
    pub fn job(&self, deployment: DeploymentId) -> PathBuf {
        self.jobs().join(deployment.to_string())
    }

    /// The checkouts.
    pub fn work_trees(&self) -> PathBuf {
        self.root.join("work")
    }

    /// The checkout of one job.
    pub fn work_tree(&self, deployment: DeploymentId) -> PathBuf {
        self.work_trees().join(deployment.to_string())
    }

    /// The mirrors of repositories.
    pub fn mirrors(&self) -> PathBuf {
        self.root.join("mirrors")
    }

    /// Copies of repository files that stacks mount.
    pub fn stacks(&self) -> PathBuf {
        self.root.join("stacks")
    }

    /// The archives that people uploaded.
    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// The old versions that wait for their removal.
    pub fn drains(&self) -> PathBuf {
        self.root.join("drains")
    }
}

/// Makes a directory that only its owner may enter, with its parents.
///
/// # Errors
/// When it cannot be made.
pub fn create_private(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Replaces a file so that after a crash either the old or the new text is there.
/// Blocking.
///
/// # Errors
/// When it cannot be written.
pub fn write_atomically(path: &Path, text: &[u8]) -> io::Result<()> {
    use std::io::Write;

    let directory = path
        .parent()
        .ok_or_else(|| io::Error::other("a file needs a directory"))?;
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(text)?;
    temporary.as_file().sync_data()?;
    temporary.persist(path).map_err(|error| error.error)?;
    fs::File::open(directory)?.sync_all()
}
