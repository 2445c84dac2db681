//! Submodules: fetched and written below their parent, with nobody's credentials but
//! their own host's.

use std::path::Path;

use git2::Oid;
use longshore_domain::{CommitSha, FailureKind, GitUrl, RelativePath};
use url::Url;

use super::access::Access;
use super::checkout::Written;
use super::mirror::{Mirrors, Wanted};
use super::progress::Progress;
use crate::stage::StageError;

/// The deepest nesting.
const MAX_DEPTH: usize = 8;

/// The most submodules of a repository, all levels together.
const MAX_SUBMODULES: usize = 200;

/// Checks out all submodules of a commit that was written into `into`.
pub(super) fn check_out(
    mirrors: &Mirrors,
    access: &Access,
    url: &GitUrl,
    parent: &Written,
    progress: &Progress,
    into: &Path,
) -> Result<(), StageError> {
    let mut count = 0;
    level(mirrors, access, url, parent, progress, into, &mut count, 0)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one recursive walk, called here only"
)]
fn level(
    mirrors: &Mirrors,
    access: &Access,
    url: &GitUrl,
    parent: &Written,
    progress: &Progress,
    into: &Path,
    count: &mut usize,
    depth: usize,
) -> Result<(), StageError> {
    if parent.submodules.is_empty() {
        return Ok(());
    }
    let declared = parse(parent.gitmodules.as_deref().unwrap_or_default());
    for (path, oid) in &parent.submodules {
        *count += 1;
        if depth >= MAX_DEPTH || *count > MAX_SUBMODULES {
            return Err(refused(
                "The repository's submodules are nested too deeply or too many.".to_owned(),
            ));
        }
        let Some(address) = declared
            .iter()
            .find(|declared| declared.path == *path)
            .map(|declared| declared.url.as_str())
        else {
            return Err(refused(format!(
                "The submodule at {path} has no URL in .gitmodules."
            )));
        };
        let path: RelativePath = path
            .parse()
            .map_err(|error| refused(format!("The path of the submodule at {path} {error}.")))?;
        let below = resolve(url, address)
            .map_err(|reason| refused(format!("The URL of the submodule at {path} {reason}.")))?;
        progress.say(format!("Submodule {path} from {below}."));
        let child_access = access.for_submodule(&below);
        let target = into.join(path.as_str());
        let child = mirrors
            .check_out(
                &below,
                &child_access,
                commit(&sha(*oid)?),
                progress,
                &target,
            )
            .map_err(|error| within(&path, error))?;
        level(
            mirrors,
            &child_access,
            &below,
            &child,
            progress,
            &target,
            count,
            depth + 1,
        )?;
    }
    Ok(())
}

fn commit(sha: &CommitSha) -> Wanted<'_> {
    Wanted {
        branch: None,
        commit: Some(sha),
    }
}

fn sha(oid: Oid) -> Result<CommitSha, StageError> {
    oid.to_string()
        .parse()
        .map_err(|_| refused("A submodule names something that is no commit.".to_owned()))
}

/// Says in which submodule an error happened.
fn within(path: &RelativePath, error: StageError) -> StageError {
    match error {
        StageError::Failed { kind, message } => {
            StageError::failed(kind, format!("Submodule {path}: {message}"))
        }
        StageError::Cancelled => StageError::Cancelled,
    }
}

/// The URL of a submodule: absolute, or relative to its parent's.
fn resolve(parent: &GitUrl, address: &str) -> Result<GitUrl, String> {
    if !(address.starts_with("./") || address.starts_with("../")) {
        return address
            .parse()
            .map_err(|error| format!("({}) {error}", super::explain::one_line(address, 200)));
    }
    let mut base = Url::parse(parent.as_str()).map_err(|_| "cannot be resolved".to_owned())?;
    let mut segments: Vec<String> = base
        .path()
        .trim_matches('/')
        .split('/')
        .map(str::to_owned)
        .collect();
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if segments.pop().is_none() {
                    return Err("leads above its host".to_owned());
                }
            }
            other => segments.push(other.to_owned()),
        }
    }
    base.set_path(&segments.join("/"));
    base.as_str()
        .parse()
        .map_err(|error| format!("({base}) {error}"))
}

/// A submodule of `.gitmodules`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Declared {
    path: String,
    url: String,
}

/// Reads `.gitmodules`. Not libgit2's reader: that follows `include.path` into files
/// of the machine.
fn parse(text: &str) -> Vec<Declared> {
    let mut declared: Vec<Declared> = Vec::new();
    let mut inside = false;
    for line in text.lines().take(10_000) {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line.starts_with("[submodule ");
            if inside {
                declared.push(Declared::default());
            }
            continue;
        }
        let (Some((key, value)), true, Some(current)) =
            (line.split_once('='), inside, declared.last_mut())
        else {
            continue;
        };
        let value = value.trim().trim_matches('"').to_owned();
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => value.trim_end_matches('/').clone_into(&mut current.path),
            "url" => current.url = value,
            _ => {}
        }
    }
    declared
}

fn refused(message: String) -> StageError {
    StageError::failed(FailureKind::PathInvalid, message)
}

#[cfg(test)]
mod tests {
    use super::{Declared, parse, resolve};

    #[test]
    fn the_file_is_read_without_includes() {
        let text = "[include]\n path = /etc/passwd\n[submodule \"a\"]\n\tpath = vendor/a/\n\turl = ../a.git\n\tbranch = x\n";
        let expected = Declared {
            path: "vendor/a".to_owned(),
            url: "../a.git".to_owned(),
        };
        assert_eq!(parse(text), vec![expected]);
    }

    #[test]
    fn relative_urls_follow_the_parent() {
        let parent = "https://git.example.com:8443/team/app.git".parse().unwrap();
        let resolved = resolve(&parent, "../lib.git").unwrap();
        assert_eq!(
            resolved.as_str(),
            "https://git.example.com:8443/team/lib.git"
        );
        let parent = "git@example.com:team/app.git".parse().unwrap();
        let resolved = resolve(&parent, "../../other/lib").unwrap();
        assert_eq!(resolved.as_str(), "ssh://git@example.com/other/lib");
        assert!(resolve(&parent, "../../../x").is_err());
    }

    #[test]
    fn other_schemes_and_credentials_are_refused() {
        let parent = "https://example.com/a/b".parse().unwrap();
        for address in [
            "file:///etc",
            "/srv/git/x",
            "ext::sh -c id",
            "https://user:pass@example.com/x",
            "-oProxyCommand=id",
            "C:/x",
            "",
        ] {
            assert!(resolve(&parent, address).is_err(), "{address:?}");
        }
    }
}
