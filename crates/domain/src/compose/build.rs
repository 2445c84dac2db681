//! How a component's image is built.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ComponentBuild;
use super::sections::Reading;
use super::values::{flag, items, map, text};
use crate::RelativePath;

impl Reading<'_> {
    pub(super) fn build(&mut self, place: &str, fields: &Value) -> Option<ComponentBuild> {
        let build = fields.get("build").filter(|build| build.is_object())?;
        let place = format!("{place}.build");
        if !self.given.has_checkout {
            self.problem(format!(
                "{place} needs a repository; take the stack's file from Git, or name an image."
            ));
            return None;
        }
        let path = text(build, "context").unwrap_or_else(|| self.given.root.to_owned());
        let Some(context) = self.in_checkout(&path) else {
            self.problem(format!(
                "{place}.context must be a folder of the repository."
            ));
            return None;
        };
        let file = text(build, "dockerfile").unwrap_or_else(|| "Dockerfile".to_owned());
        let dockerfile = if file.starts_with('/') {
            self.in_checkout(&file)
        } else {
            beside(&context, &file)
        };
        let Some(dockerfile) = dockerfile else {
            self.problem(format!(
                "{place}.dockerfile must be a file of the repository."
            ));
            return None;
        };
        let mut secrets = BTreeMap::new();
        for item in items(build, "secrets") {
            let source = item
                .as_str()
                .map(str::to_owned)
                .or_else(|| text(item, "source"));
            let Some(source) = source else { continue };
            let id = text(item, "target").unwrap_or_else(|| source.clone());
            let variable = self
                .secrets
                .get(&source)
                .and_then(|secret| text(secret, "environment"));
            match variable {
                Some(variable) => {
                    secrets.insert(id, variable);
                }
                None => self.problem(format!(
                    "{place}.secrets names {source}, which has no `environment`; set a variable and name it there."
                )),
            }
        }
        let args = map(build, "args");
        Some(ComponentBuild {
            context,
            dockerfile,
            target: text(build, "target"),
            args,
            secrets,
            no_cache: flag(build, "no_cache"),
        })
    }
}

/// A path that is meant from a folder of the checkout.
fn beside(folder: &RelativePath, path: &str) -> Option<RelativePath> {
    let mut parts: Vec<&str> = folder
        .as_str()
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    parts.join("/").parse().ok()
}
