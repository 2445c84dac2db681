//! How a Node app starts.

use super::Package;
use super::install::Installer;
use crate::Tree;
use crate::text::{in_shell, list, plain};

/// How the app starts.
pub(crate) enum Start {
    /// The `web` line of the Procfile.
    Command(String),
    /// `node` with one file, which gets signals itself.
    File(String),
    /// The start script.
    Script,
}

impl Start {
    pub(crate) fn of(tree: &Tree, package: &Package) -> Option<Self> {
        if let Some(command) = tree.procfile_web() {
            return Some(Self::Command(command.to_owned()));
        }
        if let Some(script) = package.script("start") {
            let hooks = package.script("prestart").or(package.script("poststart"));
            let file = script
                .strip_prefix("node ")
                .and_then(|file| plain(file.trim()));
            return Some(match file.filter(|_| hooks.is_none()) {
                Some(file) => Self::File(file.to_owned()),
                None => Self::Script,
            });
        }
        package
            .field("main")
            .and_then(plain)
            .filter(|main| tree.has(main))
            .or_else(|| {
                tree.first_of(&["server.js", "index.js", "app.js", "server.mjs", "index.mjs"])
            })
            .map(|file| Self::File(file.to_owned()))
    }

    pub(crate) fn is_command(&self) -> bool {
        matches!(self, Self::Command(_))
    }

    pub(crate) fn command(&self, installer: Installer) -> String {
        match self {
            Self::Command(command) => in_shell(command),
            Self::File(file) if installer == Installer::Bun => list(&["bun", file]),
            Self::File(file) => list(&["node", file]),
            Self::Script => installer.start(),
        }
    }
}

/// Where a bundler that makes a static site puts it; none when the app serves itself.
pub(crate) fn bundle_folder(tree: &Tree, package: &Package) -> Option<&'static str> {
    if tree
        .first_of(&["server.js", "index.js", "app.js"])
        .is_some()
    {
        return None;
    }
    [
        ("react-scripts", "build"),
        ("astro", "dist"),
        ("@vue/cli-service", "dist"),
        ("parcel", "dist"),
        ("vite", "dist"),
    ]
    .into_iter()
    .find(|(name, _)| package.depends_on(name))
    .map(|(_, folder)| folder)
}
