//! Parsing the drafts of an app, with the problems of all fields.

use std::collections::BTreeMap;

use longshore_domain::source::{
    AutoBuild, Build, DockerfileBuild, GitSource, Source, StaticBuild, UploadSource,
};
use longshore_domain::{BuildVariable, EnvKey, RelativePath, WatchPaths};

use crate::problems::Problems;
use crate::{BuildDraft, SourceDraft};

pub(crate) fn source(problems: &mut Problems, draft: &SourceDraft) -> Option<Source> {
    match draft {
        SourceDraft::Git {
            url,
            branch,
            submodules,
            watch_paths,
            access: _,
        } => {
            let url = problems.parse("source.git.url", url);
            let branch = problems.parse("source.git.branch", branch);
            let watch_paths = match WatchPaths::parse(watch_paths) {
                Ok(watch_paths) => Some(watch_paths),
                Err(reason) => {
                    problems.add("source.git.watch_paths", reason);
                    None
                }
            };
            Some(Source::Git(GitSource {
                url: url?,
                branch: branch?,
                submodules: *submodules,
                watch_paths: watch_paths?,
            }))
        }
        SourceDraft::Image { reference } => Some(Source::Image {
            reference: problems.parse("source.image.reference", reference)?,
        }),
        SourceDraft::Upload => Some(Source::Upload(UploadSource::default())),
    }
}

pub(super) fn build(problems: &mut Problems, draft: Option<&BuildDraft>) -> Option<Build> {
    let Some(draft) = draft else {
        return Some(Build::default());
    };
    match draft {
        BuildDraft::Dockerfile {
            path,
            context,
            target,
            args,
            secrets,
            variables,
        } => {
            let path = match given(path.as_deref()) {
                Some(path) => problems.parse("build.dockerfile.path", path),
                None => Some(DockerfileBuild::default().path),
            };
            let context = match given(context.as_deref()) {
                Some(context) => problems.parse("build.dockerfile.context", context),
                None => Some(RelativePath::root()),
            };
            let args = arguments(problems, args);
            let secrets = secret_names(problems, secrets);
            let variables = variable_names(problems, "dockerfile", variables);
            Some(Build::Dockerfile(DockerfileBuild {
                path: path?,
                context: context?,
                target: given(target.as_deref()).map(str::to_owned),
                args: args?,
                secrets: secrets?,
                variables: variables?,
            }))
        }
        BuildDraft::Static {
            directory,
            spa,
            command,
            variables,
        } => {
            let directory = match given(directory.as_deref()) {
                Some(directory) => problems.parse("build.static.directory", directory),
                None => Some(RelativePath::root()),
            };
            let variables = variable_names(problems, "static", variables);
            Some(Build::Static(StaticBuild {
                directory: directory?,
                spa: *spa,
                command: given(command.as_deref()).map(str::to_owned),
                variables: variables?,
            }))
        }
        BuildDraft::Auto { variables } => {
            let variables = variable_names(problems, "auto", variables)?;
            Some(Build::Auto(AutoBuild { variables }))
        }
    }
}

/// Forms send empty fields for absent ones.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn arguments(
    problems: &mut Problems,
    args: &BTreeMap<String, String>,
) -> Option<BTreeMap<EnvKey, String>> {
    args.iter()
        .map(|(key, value)| {
            let parsed = problems.parse(&format!("build.dockerfile.args.{key}"), key);
            parsed.map(|key| (key, value.clone()))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

fn secret_names(problems: &mut Problems, names: &[String]) -> Option<Vec<EnvKey>> {
    names
        .iter()
        .map(|name| problems.parse(&format!("build.dockerfile.secrets.{name}"), name))
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}

fn variable_names(
    problems: &mut Problems,
    kind: &str,
    names: &[String],
) -> Option<Vec<BuildVariable>> {
    names
        .iter()
        .map(|name| problems.parse(&format!("build.{kind}.variables.{name}"), name))
        .collect::<Vec<_>>()
        .into_iter()
        .collect()
}
