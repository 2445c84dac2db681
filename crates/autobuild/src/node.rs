//! Node, with npm, pnpm, yarn or bun.

mod install;
mod start;

use serde_json::Value;

use crate::text::{in_shell, major};
use crate::{Plan, Tree, static_site};
use install::Installer;
use start::Start;

/// The version when the repository names none: the long-term support release.
const DEFAULT_VERSION: u32 = 22;

/// Versions that have an image.
const VERSIONS: std::ops::RangeInclusive<u32> = 14..=99;

/// `package.json`, as far as it can be believed.
pub(crate) struct Package {
    value: Value,
}

impl Package {
    pub(crate) fn script(&self, name: &str) -> Option<&str> {
        self.value["scripts"][name].as_str()
    }

    pub(crate) fn depends_on(&self, name: &str) -> bool {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|list| !self.value[*list][name].is_null())
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.value[name].as_str()
    }

    pub(crate) fn has_workspaces(&self) -> bool {
        !self.value["workspaces"].is_null()
    }
}

/// How files of a static site are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// What was found, for people.
    pub found: String,
    /// The stage `build`, whose result is below `/app`.
    pub stages: Vec<String>,
}

/// The stage that runs a user's build command in a Node image, the dependencies
/// installed when there is a `package.json`.
///
/// # Errors
/// A sentence, when the `package.json` cannot be read.
pub fn site_builder(tree: &Tree, command: &str) -> Result<Builder, String> {
    let mut stages;
    let found;
    match package(tree).transpose()? {
        Some(package) => {
            let installer = Installer::of(tree, &package);
            let version = version(tree, &package);
            stages = installer.stage(tree, &package, version, false);
            found = format!("static files made with {}", installer.describe(version));
        }
        None => {
            stages = vec![
                format!("FROM node:{DEFAULT_VERSION} AS build"),
                "WORKDIR /app".to_owned(),
                "COPY . .".to_owned(),
            ];
            found = format!("static files made with Node {DEFAULT_VERSION}");
        }
    }
    stages.push(format!("RUN {}", in_shell(command)));
    Ok(Builder { found, stages })
}

pub(crate) fn look(tree: &Tree) -> Option<Result<Plan, String>> {
    Some(package(tree)?.and_then(|package| plan(tree, &package)))
}

fn package(tree: &Tree) -> Option<Result<Package, String>> {
    let text = tree.text("package.json")?;
    Some(match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() => Ok(Package { value }),
        _ => Err("package.json is not a JSON object.".to_owned()),
    })
}

fn plan(tree: &Tree, package: &Package) -> Result<Plan, String> {
    let installer = Installer::of(tree, package);
    let version = version(tree, package);
    let found = installer.describe(version);
    let builds = package.script("build").is_some();
    if builds
        && package.script("start").is_none()
        && tree.procfile_web().is_none()
        && let Some(directory) = start::bundle_folder(tree, package)
    {
        let mut stages = installer.stage(tree, package, version, false);
        stages.push(installer.run("build"));
        return Ok(static_site(
            &format!("a site built with {found}"),
            &stages,
            directory,
            true,
        ));
    }
    let start = Start::of(tree, package).ok_or_else(|| {
        "package.json has no start script, and there is no Procfile, server.js, index.js or app.js: \
         Longshore cannot tell how the app is started."
            .to_owned()
    })?;
    let mut lines = installer.stage(tree, package, version, !builds);
    if builds {
        lines.push(installer.run("build"));
        lines.extend(installer.prune());
    }
    lines.push(String::new());
    lines.push(format!("FROM {}", installer.final_image(version)));
    lines.push("ENV NODE_ENV=production HOST=0.0.0.0 HOSTNAME=0.0.0.0 PORT=3000".to_owned());
    lines.push("WORKDIR /app".to_owned());
    lines.extend(installer.at_run_time(&start));
    let user = installer.user();
    lines.push(format!("COPY --from=build --chown={user}:{user} /app ./"));
    lines.push(format!("USER {user}"));
    lines.push("EXPOSE 3000".to_owned());
    lines.push(format!("CMD {}", start.command(installer)));
    Ok(Plan::new(found, &lines))
}

fn version(tree: &Tree, package: &Package) -> u32 {
    [".nvmrc", ".node-version"]
        .iter()
        .filter_map(|name| tree.text(name))
        .chain(package.value["engines"]["node"].as_str())
        .find_map(major)
        .filter(|version| VERSIONS.contains(version))
        .unwrap_or(DEFAULT_VERSION)
}
