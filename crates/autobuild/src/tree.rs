//! What is known of a repository.

use std::collections::{BTreeMap, BTreeSet};

/// Names of the files whose text is read.
pub const MANIFESTS: &[&str] = &[
    "package.json",
    ".nvmrc",
    ".node-version",
    "requirements.txt",
    "pyproject.toml",
    ".python-version",
    "runtime.txt",
    "Procfile",
    "go.mod",
    "Cargo.toml",
    "rust-toolchain",
    "rust-toolchain.toml",
    "composer.json",
    "Gemfile",
    ".ruby-version",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    ".java-version",
];

/// A repository: the names of its regular files, and the text of its manifests.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    names: BTreeSet<String>,
    texts: BTreeMap<String, String>,
}

impl Tree {
    /// Adds a file, with its text when it is one of [`MANIFESTS`].
    pub fn add(&mut self, path: &str, text: Option<String>) {
        self.names.insert(path.to_owned());
        if let Some(text) = text {
            self.texts.insert(path.to_owned(), text);
        }
    }

    /// Whether there is such a file.
    pub fn has(&self, path: &str) -> bool {
        self.names.contains(path)
    }

    /// The text of a manifest.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// All files, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The first of the files that is there.
    pub fn first_of<'a>(&self, paths: &[&'a str]) -> Option<&'a str> {
        paths.iter().copied().find(|path| self.has(path))
    }

    /// The command of the `web` line of a Procfile.
    pub(crate) fn procfile_web(&self) -> Option<&str> {
        self.text("Procfile")?
            .lines()
            .find_map(|line| line.strip_prefix("web:"))
            .map(str::trim)
            .filter(|command| !command.is_empty() && !command.chars().any(char::is_control))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Tree {
    fn from(files: [(&str, &str); N]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add(path, Some(text.to_owned()));
        }
        tree
    }
}
