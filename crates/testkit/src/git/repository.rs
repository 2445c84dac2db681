//! A repository with a work tree, made with the real `git`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A repository in a folder of its own, on the branch `main`; gone when dropped.
///
/// Its methods panic when `git` fails: in a test there is nothing else to do.
pub struct Repository {
    folder: TempDir,
    name: String,
}

impl Repository {
    /// An empty repository; servers serve it as `/<name>`.
    pub fn new(name: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("longshore-git-")
            .tempdir()
            .expect("a temporary folder");
        let repository = Self {
            folder,
            name: name.to_owned(),
        };
        fs::create_dir(repository.path()).expect("the repository's folder");
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        // What servers of forges allow: one commit by its id, and partial clones.
        repository.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        repository.git(&["config", "uploadpack.allowFilter", "true"]);
        repository.git(&["config", "http.receivepack", "true"]);
        repository
    }

    /// The folder that holds the repository: the root that a server serves.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The work tree.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// The name below a server's root.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Writes a file of the work tree, with its folders.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Writes a file of the work tree, with its folders.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.path().join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).expect("a folder");
        }
        fs::write(file, text).expect("a file");
    }

    /// Copies the files of a folder into the work tree, with their folders.
    pub fn copy(&self, folder: &Path) {
        copy(folder, &self.path());
    }

    /// Makes a symbolic link in the work tree.
    pub fn link(&self, path: &str, target: &str) {
        symlink(target, self.path().join(path)).expect("a link");
    }

    /// Commits everything in the work tree and gives the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.head()
    }

    /// The id of the commit that is checked out.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// Makes a branch and checks it out.
    pub fn branch(&self, name: &str) {
        self.git(&["checkout", "--quiet", "-B", name]);
    }

    /// Adds another repository as a submodule.
    pub fn submodule(&self, url: &str, path: &str) {
        self.git(&[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            url,
            path,
        ]);
    }

    /// Runs `git` in the work tree and gives what it printed.
    ///
    /// # Panics
    /// When it fails.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path())
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
            .args(["-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git");
        assert!(
            output.status.success(),
            "git {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// Copies what is in a folder into another one.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}
