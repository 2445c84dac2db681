//! Where the context and the Dockerfile really are, links resolved.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use longshore_domain::source::DockerfileBuild;
use longshore_domain::{FailureKind, RelativePath};

use crate::stage::StageError;

/// The largest Dockerfile or ignore file, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// What is not sent where the repository has no ignore file.
const DEFAULT_IGNORE: &str = ".git\n**/node_modules\n**/.venv\n**/__pycache__\n";

/// A build's files, all of them inside the checkout.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder that is sent.
    pub(super) context: PathBuf,
    /// The Dockerfile.
    pub(super) dockerfile: PathBuf,
    /// The Dockerfile's text.
    pub(super) dockerfile_text: Vec<u8>,
    /// The text of the ignore file, if there is one.
    pub(super) ignore: Option<String>,
    /// Whether the Dockerfile was written here, and is no file of the repository.
    pub(super) generated: bool,
    /// Whether the static file server is sent too.
    pub(super) server: bool,
}

/// Finds a build's files.
pub(super) fn resolve(checkout: &Path, build: &DockerfileBuild) -> Result<Place, StageError> {
    let root = root(checkout)?;
    let context = inside(&root, &build.context, "dockerfile.context")?;
    if !context.is_dir() {
        return Err(invalid(
            "dockerfile.context",
            &build.context,
            "is not a folder",
        ));
    }
    let dockerfile = inside(&root, &build.path, "dockerfile.path")?;
    if !dockerfile.is_file() {
        return Err(invalid("dockerfile.path", &build.path, "is not a file"));
    }
    let dockerfile_text = read(&dockerfile).ok_or_else(|| {
        invalid(
            "dockerfile.path",
            &build.path,
            "is too large for a Dockerfile",
        )
    })?;
    let own = format!("{}.dockerignore", build.path);
    let ignore = ignore_file(&root, &[root.join(own), context.join(".dockerignore")])?;
    Ok(Place {
        context,
        dockerfile,
        dockerfile_text,
        ignore,
        generated: false,
        server: false,
    })
}

/// A build whose Dockerfile was written here; its context is the whole checkout.
pub(super) fn generated(checkout: &Path, text: &str, server: bool) -> Result<Place, StageError> {
    let root = root(checkout)?;
    let ignore = ignore_file(&root, &[root.join(".dockerignore")])?;
    Ok(Place {
        context: root,
        dockerfile: PathBuf::new(),
        dockerfile_text: text.as_bytes().to_vec(),
        ignore: ignore.or_else(|| Some(DEFAULT_IGNORE.to_owned())),
        generated: true,
        server,
    })
}

/// Checks that a folder is in the checkout.
pub(super) fn folder(checkout: &Path, path: &RelativePath, field: &str) -> Result<(), StageError> {
    if inside(&root(checkout)?, path, field)?.is_dir() {
        Ok(())
    } else {
        Err(invalid(field, path, "is not a folder"))
    }
}

fn root(checkout: &Path) -> Result<PathBuf, StageError> {
    checkout.canonicalize().map_err(|_| {
        StageError::failed(FailureKind::Internal, "The checkout is not there any more.")
    })
}

/// The text of the first of the files that is there.
fn ignore_file(root: &Path, files: &[PathBuf]) -> Result<Option<String>, StageError> {
    files
        .iter()
        .find(|path| path.symlink_metadata().is_ok())
        .map(|path| {
            path.canonicalize()
                .ok()
                .filter(|path| path.starts_with(root) && path.is_file())
                .and_then(|path| read(&path))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .ok_or_else(|| {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    StageError::failed(
                        FailureKind::PathInvalid,
                        format!("{name} is not a readable file of the repository."),
                    )
                })
        })
        .transpose()
}

fn inside(root: &Path, path: &RelativePath, field: &str) -> Result<PathBuf, StageError> {
    let resolved = root
        .join(path.as_str())
        .canonicalize()
        .map_err(|_| invalid(field, path, "does not exist in the repository"))?;
    if resolved.starts_with(root) {
        Ok(resolved)
    } else {
        Err(invalid(field, path, "leads out of the repository"))
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    (bytes.len() as u64 <= MAX_FILE).then_some(bytes)
}

fn invalid(field: &str, path: &RelativePath, what: &str) -> StageError {
    StageError::failed(
        FailureKind::PathInvalid,
        format!("build.{field}: {path} {what}."),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use longshore_domain::FailureKind;
    use longshore_domain::source::DockerfileBuild;

    use super::resolve;
    use crate::stage::StageError;

    fn message(result: Result<super::Place, StageError>) -> String {
        match result {
            Err(StageError::Failed { kind, message }) => {
                assert_eq!(kind, FailureKind::PathInvalid);
                message
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn links_out_of_the_checkout_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("checkout");
        std::fs::create_dir(&root).unwrap();
        symlink("/etc", root.join("folder")).unwrap();
        symlink("/etc/passwd", root.join("Dockerfile")).unwrap();
        let mut build = DockerfileBuild::default();
        let text = message(resolve(&root, &build));
        assert_eq!(
            text,
            "build.dockerfile.path: Dockerfile leads out of the repository."
        );
        build.context = "folder".parse().unwrap();
        let text = message(resolve(&root, &build));
        assert_eq!(
            text,
            "build.dockerfile.context: folder leads out of the repository."
        );
    }

    #[test]
    fn an_ignore_file_that_leads_out_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("Dockerfile"), "FROM scratch").unwrap();
        symlink("/etc/passwd", directory.path().join(".dockerignore")).unwrap();
        let text = message(resolve(directory.path(), &DockerfileBuild::default()));
        assert!(text.contains(".dockerignore"), "{text}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let build = DockerfileBuild {
            path: "docker/app.Dockerfile".parse().unwrap(),
            ..DockerfileBuild::default()
        };
        assert_eq!(
            message(resolve(directory.path(), &build)),
            "build.dockerfile.path: docker/app.Dockerfile does not exist in the repository."
        );
    }

    #[test]
    fn the_dockerfiles_own_ignore_file_goes_before_the_contexts() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("Dockerfile", "FROM scratch"),
            (".dockerignore", "general"),
            ("Dockerfile.dockerignore", "own"),
        ] {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let place = resolve(directory.path(), &DockerfileBuild::default()).unwrap();
        assert_eq!(place.ignore.as_deref(), Some("own"));
    }
}
