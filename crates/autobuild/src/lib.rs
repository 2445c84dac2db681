//! Finds out what a repository is and writes the Dockerfile that it lacks.
//!
//! Everything here is a pure function of a [`Tree`]: no files are opened and nothing
//! runs. What stands in a repository is untrusted: names and versions reach the
//! Dockerfile only through the checks in `text.rs`, so that none of them can become an
//! instruction. Start at [`detect`].

mod go;
mod java;
mod node;
mod php;
mod plan;
mod python;
mod ruby;
mod rust;
mod site;
mod text;
mod tree;

pub use node::{Builder, site_builder};
pub use plan::{Plan, SERVER, SERVER_PATH, static_site};
pub use text::in_shell;
pub use tree::{MANIFESTS, Tree};

/// What was looked for, as the end of a sentence.
pub const LOOKED_FOR: &str = "package.json (Node), requirements.txt, pyproject.toml or Pipfile \
(Python), go.mod (Go), Cargo.toml (Rust), composer.json or index.php (PHP), Gemfile (Ruby), \
pom.xml or build.gradle (Java), index.html (static files)";

/// Why there is no Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undetected {
    /// Nothing that is known.
    Nothing,
    /// The language is known, but something is missing; a whole sentence.
    Incomplete(String),
}

impl std::fmt::Display for Undetected {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => write!(
                formatter,
                "Longshore found nothing that it can build by itself; it looked for {LOOKED_FOR} \
                 at the root of the repository."
            ),
            Self::Incomplete(sentence) => formatter.write_str(sentence),
        }
    }
}

impl std::error::Error for Undetected {}

/// Recognises one language: nothing when it is not there, a sentence when it is not enough.
type Look = fn(&Tree) -> Option<Result<Plan, String>>;

/// Decides how a repository is built. The order matters where a repository has several
/// of the files: a Rails or Laravel app has a `package.json` beside its own.
///
/// # Errors
/// When nothing is found, or not enough of it.
pub fn detect(tree: &Tree) -> Result<Plan, Undetected> {
    let looks: [Look; 8] = [
        go::look,
        rust::look,
        java::look,
        ruby::look,
        php::look,
        python::look,
        node::look,
        site::look,
    ];
    looks
        .iter()
        .find_map(|look| look(tree))
        .ok_or(Undetected::Nothing)?
        .map_err(Undetected::Incomplete)
}
