//! Where an app comes from and how it becomes an image.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{EnvKey, GitRef, GitUrl, ImageRef, RelativePath};

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
}

/// How a source becomes an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Build {
    /// By a Dockerfile of the repository.
    Dockerfile(DockerfileBuild),
}

impl Default for Build {
    fn default() -> Self {
        Self::Dockerfile(DockerfileBuild::default())
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
