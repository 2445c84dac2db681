//! Where an app comes from and how it becomes an image.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    BuildVariable, EnvKey, FileName, GitRef, GitUrl, ImageRef, RelativePath, Sha256Digest,
    WatchPaths,
};

/// Where an app comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A branch of a Git repository.
    Git(GitSource),
    /// An image of a registry, or one that the machine already has.
    Image {
        /// The image.
        reference: ImageRef,
    },
    /// A Compose file that was typed in.
    Compose {
        /// Its text.
        text: String,
    },
    /// An archive that a person uploads.
    Upload(UploadSource),
}

impl Source {
    /// The archive that was uploaded last; none when it is no upload.
    pub fn archive(&self) -> Option<&Archive> {
        match self {
            Self::Upload(upload) => upload.archive.as_ref(),
            Self::Git(_) | Self::Image { .. } | Self::Compose { .. } => None,
        }
    }
}

/// An archive that a person uploads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadSource {
    /// The newest one; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,
}

/// An archive that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Its name, as its sender calls it.
    pub name: FileName,
    /// The hash of its bytes.
    pub digest: Sha256Digest,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Files and links in it.
    pub files: u64,
}

/// A branch of a Git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GitSource {
    /// The repository.
    pub url: GitUrl,
    /// The branch (or tag) that is deployed.
    pub branch: GitRef,
    /// Whether submodules are fetched too.
    #[serde(default)]
    pub submodules: bool,
    /// Files whose change a push deploys; every file when there are none.
    #[serde(default, skip_serializing_if = "WatchPaths::is_empty")]
    pub watch_paths: WatchPaths,
}

/// How a source becomes an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Build {
    /// By a Dockerfile of the repository.
    Dockerfile(DockerfileBuild),
    /// As a folder of files that a small server of Longshore's own serves.
    Static(StaticBuild),
    /// By a Dockerfile that Longshore writes for what it finds in the repository.
    Auto(AutoBuild),
    /// As the components of a Compose file: a stack.
    Compose(ComposeBuild),
}

impl Build {
    /// What is wrong with it, as fragments behind field names (`dockerfile.path`).
    pub fn problems(&self) -> Vec<(String, String)> {
        let kind = self.kind();
        let problems = match self {
            Self::Dockerfile(build) => build.problems(),
            Self::Static(build) => build.problems(),
            Self::Auto(_) => Vec::new(),
            Self::Compose(build) => build.problems(),
        };
        problems
            .into_iter()
            .map(|(field, message)| (format!("{kind}.{field}"), message))
            .collect()
    }

    /// Names of the service's variables that the build may mount as secrets.
    pub fn secrets(&self) -> &[EnvKey] {
        match self {
            Self::Dockerfile(build) => &build.secrets,
            Self::Static(_) | Self::Auto(_) | Self::Compose(_) => &[],
        }
    }

    /// Which of the service's variables it is given as arguments.
    pub fn variables(&self) -> &[BuildVariable] {
        match self {
            Self::Dockerfile(build) => &build.variables,
            Self::Static(build) => &build.variables,
            Self::Auto(build) => &build.variables,
            Self::Compose(_) => &[],
        }
    }

    /// The kind's name in the API.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dockerfile(_) => "dockerfile",
            Self::Static(_) => "static",
            Self::Auto(_) => "auto",
            Self::Compose(_) => "compose",
        }
    }

    /// Reads a build; a specification of an earlier version holds the fields of a
    /// Dockerfile's build alone.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Stored {
            Named(Build),
            Bare(DockerfileBuild),
        }
        Ok(match Stored::deserialize(reader)? {
            Stored::Named(build) => build,
            Stored::Bare(build) => Self::Dockerfile(build),
        })
    }
}

impl Default for Build {
    fn default() -> Self {
        Self::Dockerfile(DockerfileBuild::default())
    }
}

/// A build that finds everything in the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoBuild {
    /// Variables of the service that the build is given as arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<BuildVariable>,
}

/// Where the Compose file of a stack is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComposeBuild {
    /// The file, from the repository's root.
    pub path: RelativePath,
}

impl ComposeBuild {
    fn problems(&self) -> Vec<(&'static str, String)> {
        if self.path.is_root() {
            return vec![("path", "must name a file".to_owned())];
        }
        Vec::new()
    }
}

/// Files that are served as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticBuild {
    /// The folder that is served, from the repository's root; with a command, one that
    /// the command makes.
    pub directory: RelativePath,
    /// Whether a path without a file is answered with `index.html`.
    #[serde(default)]
    pub spa: bool,
    /// What makes the files, for example `npm run build`; run in a Node image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Variables of the service that the build is given as arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<BuildVariable>,
}

impl StaticBuild {
    /// What is wrong with it, as fragments behind field names.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let plain = |c: char| c.is_alphanumeric() || "/._-@+ ".contains(c);
        if !self.directory.as_str().chars().all(plain) {
            problems.push((
                "directory",
                "may hold letters, digits, spaces and / . _ - @ + only".to_owned(),
            ));
        }
        if let Some(command) = &self.command {
            if command.len() > 2000 || command.chars().any(char::is_control) {
                problems.push((
                    "command",
                    "must be one line of at most 2,000 bytes".to_owned(),
                ));
            } else if command.trim().is_empty() {
                problems.push(("command", "must not be empty".to_owned()));
            }
        }
        problems
    }
}

/// A build by a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DockerfileBuild {
    /// The Dockerfile, from the repository's root.
    pub path: RelativePath,
    /// The folder that is sent to the build, from the repository's root.
    pub context: RelativePath,
    /// The stage to build; the last one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Build arguments.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<EnvKey, String>,
    /// Names of the service's variables that the build may mount as secrets
    /// (`RUN --mount=type=secret,id=NAME`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<EnvKey>,
    /// Variables of the service that the build is given as arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<BuildVariable>,
}

impl Default for DockerfileBuild {
    fn default() -> Self {
        Self {
            path: "Dockerfile"
                .parse()
                .unwrap_or_else(|_| RelativePath::root()),
            context: RelativePath::root(),
            target: None,
            args: BTreeMap::new(),
            secrets: Vec::new(),
            variables: Vec::new(),
        }
    }
}

impl DockerfileBuild {
    /// What is wrong with it, as fragments behind field names.
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if self.path.is_root() {
            problems.push(("path", "must name a file".to_owned()));
        }
        if let Some(target) = &self.target {
            let fits = target.len() <= 100
                && target.starts_with(|c: char| c.is_ascii_alphanumeric())
                && target
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if !fits {
                problems.push(("target", "must be the name of a build stage".to_owned()));
            }
        }
        for (key, value) in &self.args {
            if value.len() > 32_768 || value.contains('\0') {
                problems.push((
                    "args",
                    format!("{key} must have at most 32,768 bytes and no NUL"),
                ));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests;
