//! What a service's containers find besides its volumes: files whose text a person wrote,
//! and directories of the machine.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidText;
use crate::text::text_type;
use crate::volume::MountPath;

/// The most files of one service.
pub const MOST_FILES: usize = 20;
/// The longest text of a file in bytes.
pub const FILE_MAX_BYTES: usize = 64 * 1024;
/// The most directories of the machine that one service may have.
pub const MOST_BINDS: usize = 20;

/// Checks that a text is an absolute path without `.`, `..` or doubled slashes, and gives
/// it without a slash at its end, and the part behind its first slash.
pub(crate) fn absolute<'a>(text: &'a str, what: &str) -> Result<(&'a str, &'a str), InvalidText> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let Some(relative) = path.strip_prefix('/') else {
        return Err(InvalidText::new(format!(
            "must be a {what} with a leading slash, not the root"
        )));
    };
    if path.len() > 200 {
        return Err(InvalidText::new("must have at most 200 characters"));
    }
    if let Some(bad) = path
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "/._-@+".contains(*c)))
    {
        return Err(InvalidText::new(format!(
            "may hold letters, digits and / . _ - @ + only, not {bad:?}"
        )));
    }
    if relative
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Err(InvalidText::new("must not hold empty parts, “.” or “..”"));
    }
    Ok((path, relative))
}

/// Whether a path lies in a file system that the kernel makes.
pub(crate) fn is_the_kernels(relative: &str) -> bool {
    let top = relative.split('/').next().unwrap_or_default();
    matches!(top, "proc" | "sys" | "dev")
}

/// A file inside a container: an absolute path, outside what the kernel makes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(String);
text_type!(FilePath);

impl FromStr for FilePath {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.ends_with('/') {
            return Err(InvalidText::new("must be a file, not a directory"));
        }
        let (path, relative) = absolute(text, "file")?;
        if is_the_kernels(relative) || !relative.contains('/') {
            return Err(InvalidText::new(
                "must be a file in a directory that is not the kernel's",
            ));
        }
        Ok(Self(path.to_owned()))
    }
}

/// A directory or file of the machine: an absolute path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPath(String);
text_type!(HostPath);

impl FromStr for HostPath {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, _) = absolute(text, "path of the machine")?;
        Ok(Self(path.to_owned()))
    }
}

/// A file whose text is a setting of the service: each version has it as it was when the
/// version was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileMount {
    /// The file in the container.
    pub path: FilePath,
    /// Its text; `${{KEY}}` stands for a variable of the service.
    pub content: String,
}

/// A directory of the machine that a service's containers find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindMount {
    /// The directory on the machine.
    pub source: HostPath,
    /// The directory in the container.
    pub path: MountPath,
    /// Whether the containers may only read it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// Which directories of the machine may be mounted: nobody may choose others, for a
/// directory such as `/etc` is the whole machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedBinds(Vec<PathBuf>);

impl AllowedBinds {
    /// These directories and all that is in them.
    pub fn new(directories: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(directories.into_iter().collect())
    }

    /// Whether a path without symbolic links lies in one of them.
    ///
    /// # Errors
    /// A fragment that names the directories.
    pub fn check(&self, path: &Path) -> Result<(), InvalidText> {
        if self.0.iter().any(|allowed| path.starts_with(allowed)) {
            return Ok(());
        }
        if self.0.is_empty() {
            return Err(InvalidText::new(
                "is not allowed: no directory of this machine may be mounted until its administrator names some in LONGSHORE_BIND_PATHS",
            ));
        }
        let names: Vec<_> = self.0.iter().map(|path| path.to_string_lossy()).collect();
        Err(InvalidText::new(format!(
            "must lie in a directory that this machine's administrator allows: {}",
            names.join(", ")
        )))
    }
}

/// What is wrong with a service's files, as fragments.
pub(crate) fn file_problems(files: &[FileMount]) -> Vec<String> {
    let mut problems = Vec::new();
    if files.len() > MOST_FILES {
        problems.push(format!("must be at most {MOST_FILES}"));
    }
    for file in files {
        if file.content.len() > FILE_MAX_BYTES {
            problems.push(format!(
                "must have at most {} KiB each, which {} has not",
                FILE_MAX_BYTES / 1024,
                file.path
            ));
        }
        if file.content.contains('\0') {
            problems.push(format!("must be text, which {} is not", file.path));
        }
    }
    problems
}

/// What is wrong with paths in a container, as fragments: two things cannot be in one place.
pub(crate) fn place_problems<'a>(places: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    places
        .into_iter()
        .filter(|place| !seen.insert(*place))
        .map(|place| format!("put two things on {place}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{AllowedBinds, FileMount, FilePath, HostPath, file_problems, place_problems};
    use std::path::Path;

    #[test]
    fn a_file_may_lie_where_programs_look_but_not_among_the_kernels() {
        for good in [
            "/etc/nginx/conf.d/default.conf",
            "/app/.env",
            "/run/secrets/key",
        ] {
            good.parse::<FilePath>().expect(good);
        }
        for bad in [
            "",
            "/",
            "/file",
            "app/x",
            "/etc/",
            "/etc/../x",
            "/etc//x",
            "/proc/1/x",
            "/sys/x",
            "/dev/null",
            "/a b/c",
            "/a/b\n",
            "/a/b\0",
            "/a/ü",
        ] {
            assert!(bad.parse::<FilePath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_path_of_the_machine_is_absolute_and_plain() {
        "/srv/media/".parse::<HostPath>().unwrap();
        for bad in ["", "/", "srv", "/srv/../etc", "/srv/./x", "~/x", "/srv,ro"] {
            assert!(bad.parse::<HostPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_directories_that_are_allowed_can_be_mounted() {
        let none = AllowedBinds::default();
        assert!(none.check(Path::new("/srv")).is_err());
        let some = AllowedBinds::new(["/srv/media".into()]);
        some.check(Path::new("/srv/media")).unwrap();
        some.check(Path::new("/srv/media/films")).unwrap();
        for bad in [
            "/",
            "/srv",
            "/srv/mediathek",
            "/etc",
            "/var/run/docker.sock",
        ] {
            let refusal = some.check(Path::new(bad)).unwrap_err().to_string();
            assert!(refusal.contains("/srv/media"), "{bad}: {refusal}");
        }
    }

    #[test]
    fn files_are_short_texts_and_places_are_taken_once() {
        let file = |content: String| FileMount {
            path: "/app/settings.ini".parse().unwrap(),
            content,
        };
        assert!(file_problems(&[file("a = 1\n".to_owned())]).is_empty());
        assert_eq!(file_problems(&[file("x".repeat(65 * 1024))]).len(), 1);
        assert_eq!(file_problems(&[file("\0".to_owned())]).len(), 1);
        assert!(place_problems(["/a", "/b"]).is_empty());
        assert_eq!(place_problems(["/a", "/b", "/a"]), ["put two things on /a"]);
    }
}
