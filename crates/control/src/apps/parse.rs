//! Parsing the drafts of an app, with the problems of all fields.

use std::collections::BTreeMap;

use longshore_domain::source::{AutoBuild, Build, DockerfileBuild, GitSource, Source, StaticBuild};
use longshore_domain::{EnvKey, RelativePath};

use crate::problems::Problems;
use crate::{BuildDraft, SourceDraft};

pub(crate) fn source(problems: &mut Problems, draft: &SourceDraft) -> Option<Source> {
    match draft {
        SourceDraft::Git {
            url,
            branch,
            submodules,
            access: _,
        } => {
            let url = problems.parse("source.git.url", url);
            let branch = problems.parse("source.git.branch", branch);
            Some(Source::Git(GitSource {
                url: url?,
                branch: branch?,
                submodules: *submodules,
            }))
        }
        SourceDraft::Image { reference } => Some(Source::Image {
            reference: problems.parse("source.image.reference", reference)?,
        }),
        SourceDraft::Upload => {
            problems.add(
                "source",
                "must be a Git repository or an image; uploads are not available yet",
            );
            None
        }
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
            Some(Build::Dockerfile(DockerfileBuild {
                path: path?,
                context: context?,
                target: given(target.as_deref()).map(str::to_owned),
                args: args?,
                secrets: secrets?,
            }))
        }
        BuildDraft::Static {
            directory,
            spa,
            command,
        } => {
            let directory = match given(directory.as_deref()) {
                Some(directory) => problems.parse("build.static.directory", directory),
                None => Some(RelativePath::root()),
            };
            Some(Build::Static(StaticBuild {
                directory: directory?,
                spa: *spa,
                command: given(command.as_deref()).map(str::to_owned),
            }))
        }
        BuildDraft::Auto => Some(Build::Auto(AutoBuild {})),
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
