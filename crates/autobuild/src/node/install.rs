//! Package managers.

use super::Package;
use super::start::Start;
use crate::Tree;
use crate::text::{list, major};

/// A package manager, as the lock file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installer {
    Npm {
        locked: bool,
    },
    Pnpm {
        major: u32,
    },
    /// Yarn 1.
    Yarn,
    /// Yarn from 2 on, which corepack brings.
    Berry,
    Bun,
}

impl Installer {
    pub(crate) fn of(tree: &Tree, package: &Package) -> Self {
        let named = package.field("packageManager").unwrap_or_default();
        let named_major = major(named);
        if tree.has("bun.lock") || tree.has("bun.lockb") {
            Self::Bun
        } else if tree.has("pnpm-lock.yaml") {
            let known = named_major.filter(|_| named.starts_with("pnpm@"));
            Self::Pnpm {
                major: known.filter(|major| (7..100).contains(major)).unwrap_or(10),
            }
        } else if tree.has("yarn.lock") {
            if tree.has(".yarnrc.yml") || named_major.is_some_and(|major| major > 1) {
                Self::Berry
            } else {
                Self::Yarn
            }
        } else {
            let lock = tree.first_of(&["package-lock.json", "npm-shrinkwrap.json"]);
            Self::Npm {
                locked: lock.is_some(),
            }
        }
    }

    pub(crate) fn describe(self, node: u32) -> String {
        match self {
            Self::Bun => "Bun 1".to_owned(),
            other => format!("Node {node} with {}", other.program()),
        }
    }

    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Npm { .. } => "npm",
            Self::Pnpm { .. } => "pnpm",
            Self::Yarn | Self::Berry => "yarn",
            Self::Bun => "bun",
        }
    }

    /// The stage `build`, up to the installed dependencies and the copied files.
    pub(crate) fn stage(
        self,
        tree: &Tree,
        package: &Package,
        node: u32,
        production: bool,
    ) -> Vec<String> {
        let image = match self {
            Self::Bun => "oven/bun:1".to_owned(),
            _ => format!("node:{node}"),
        };
        let mut lines = vec![format!("FROM {image} AS build"), "WORKDIR /app".to_owned()];
        lines.extend(self.provide());
        // Scripts and workspaces need more than the manifests to install.
        let alone = !package.has_workspaces()
            && !tree.has("pnpm-workspace.yaml")
            && !tree.has(".yarnrc.yml")
            && ["preinstall", "install", "postinstall", "prepare"]
                .iter()
                .all(|script| package.script(script).is_none());
        if alone {
            let mut copied = vec!["package.json"];
            copied.extend(
                [
                    "package-lock.json",
                    "npm-shrinkwrap.json",
                    "pnpm-lock.yaml",
                    "yarn.lock",
                    "bun.lock",
                    "bun.lockb",
                    ".npmrc",
                ]
                .into_iter()
                .filter(|name| tree.has(name)),
            );
            lines.push(format!("COPY {} ./", copied.join(" ")));
            lines.push(self.install(production));
            lines.push("COPY . .".to_owned());
        } else {
            lines.push("COPY . .".to_owned());
            lines.push(self.install(production));
        }
        lines
    }

    /// What brings the program into a Node image.
    fn provide(self) -> Option<String> {
        match self {
            Self::Pnpm { major } => Some(format!("RUN npm install --global pnpm@{major}")),
            Self::Berry => Some("RUN npm install --global corepack && corepack enable".to_owned()),
            Self::Npm { .. } | Self::Yarn | Self::Bun => None,
        }
    }

    fn install(self, production: bool) -> String {
        let (cache, command, only) = match self {
            Self::Npm { locked: true } => ("/root/.npm", "npm ci", " --omit=dev"),
            Self::Npm { locked: false } => ("/root/.npm", "npm install", " --omit=dev"),
            Self::Pnpm { .. } => (
                "/root/.local/share/pnpm/store",
                "pnpm install --frozen-lockfile",
                " --prod",
            ),
            Self::Yarn => (
                "/usr/local/share/.cache/yarn",
                "yarn install --frozen-lockfile",
                " --production",
            ),
            Self::Berry => ("/root/.yarn/berry/cache", "yarn install --immutable", ""),
            Self::Bun => (
                "/root/.bun/install/cache",
                "bun install --frozen-lockfile",
                " --production",
            ),
        };
        let only = if production { only } else { "" };
        format!("RUN --mount=type=cache,target={cache} {command}{only}")
    }

    /// Runs a script of `package.json`.
    pub(crate) fn run(self, script: &str) -> String {
        format!("RUN {} run {script}", self.program())
    }

    /// What removes the dependencies that only the build needed.
    pub(crate) fn prune(self) -> Option<String> {
        match self {
            Self::Npm { .. } => Some("RUN npm prune --omit=dev".to_owned()),
            Self::Pnpm { .. } => Some("RUN CI=true pnpm prune --prod".to_owned()),
            Self::Yarn => {
                Some("RUN yarn install --production --ignore-scripts --prefer-offline".to_owned())
            }
            Self::Berry | Self::Bun => None,
        }
    }

    pub(crate) fn final_image(self, node: u32) -> String {
        match self {
            Self::Bun => "oven/bun:1-slim".to_owned(),
            _ => format!("node:{node}-slim"),
        }
    }

    /// What the final image needs besides, when a script starts the app.
    pub(crate) fn at_run_time(self, start: &Start) -> Option<String> {
        // Yarn's own launcher would be fetched at the start, so npm runs its scripts.
        match self {
            Self::Pnpm { .. } if start.is_command() => self.provide(),
            _ => None,
        }
    }

    /// The user that the image has for programs.
    pub(crate) fn user(self) -> &'static str {
        match self {
            Self::Bun => "bun",
            _ => "node",
        }
    }

    /// Runs the start script. npm stands in for the others, which the final image lacks.
    pub(crate) fn start(self) -> String {
        match self {
            Self::Bun => list(&["bun", "run", "start"]),
            _ => list(&["npm", "run", "start"]),
        }
    }
}
