//! Which files a push changed, as far as its sender tells.

use std::collections::BTreeSet;

use longshore_domain::WatchPaths;
use serde::Deserialize;

use super::payload::is_zero;

/// GitHub names this many commits of a push at most.
const MOST_COMMITS: usize = 2048;
/// GitHub names this many files of a commit at most.
const MOST_FILES: usize = 3000;

/// The files that a push changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Changed {
    /// All of them.
    Files(Vec<String>),
    /// The sender does not tell all of them, for a reason: the end of a sentence.
    Untold(String),
}

impl Default for Changed {
    fn default() -> Self {
        Self::untold("the request names no files")
    }
}

/// The commits of a push and what is said around them.
pub(super) struct Commits<'a> {
    pub before: Option<&'a str>,
    pub after: Option<&'a str>,
    pub is_new: bool,
    pub is_forced: bool,
    /// How many there are, where the sender names fewer.
    pub total: Option<u64>,
    pub named: &'a [NamesFiles],
}

/// A commit that names its files.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct NamesFiles {
    #[serde(rename = "id")]
    pub commit: Option<String>,
    added: Option<Vec<String>>,
    modified: Option<Vec<String>>,
    removed: Option<Vec<String>>,
}

impl Changed {
    pub(super) fn untold(reason: impl Into<String>) -> Self {
        Self::Untold(reason.into())
    }

    /// The files of a push's commits, unless some may be missing.
    pub(super) fn of(push: &Commits<'_>) -> Self {
        let count = push.named.len();
        if push.is_new || push.before.is_some_and(is_zero) {
            return Self::untold("the branch is new");
        }
        if push.is_forced {
            return Self::untold("the push was forced");
        }
        let total = push
            .total
            .map_or(count, |total| usize::try_from(total).unwrap_or(usize::MAX));
        if total > count {
            return Self::untold(format!("it has {total} commits and names {count}"));
        }
        if count >= MOST_COMMITS {
            return Self::untold(format!("it has {count} commits or more"));
        }
        let has_head = push
            .named
            .iter()
            .any(|commit| commit.commit.is_some() && commit.commit.as_deref() == push.after);
        if !has_head {
            return Self::untold("it does not name the commit it ends in");
        }
        let mut files = BTreeSet::new();
        for commit in push.named {
            let lists = [&commit.added, &commit.modified, &commit.removed];
            if lists.iter().all(|list| list.is_none()) {
                return Self::untold("its commits name no files");
            }
            let names = lists.into_iter().flatten().flatten();
            if names.clone().count() >= MOST_FILES {
                return Self::untold(format!("a commit of it has {MOST_FILES} files or more"));
            }
            files.extend(names.cloned());
        }
        Self::Files(files.into_iter().collect())
    }

    /// What the watch paths say to it.
    pub(super) fn watched(&self, paths: &WatchPaths) -> Watched {
        if paths.is_empty() {
            return Watched::Everything;
        }
        match self {
            Self::Untold(reason) => Watched::Unknown(reason.clone()),
            Self::Files(files) => match paths.first_match(files) {
                Some((file, pattern)) => Watched::Yes {
                    file: file.to_owned(),
                    pattern: pattern.map(str::to_owned),
                },
                None => Watched::No {
                    count: files.len(),
                    example: files.first().cloned(),
                },
            },
        }
    }
}

/// Whether a push concerns a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Watched {
    /// Every push does.
    Everything,
    /// A file matches a pattern, or none that takes out when all do.
    Yes {
        file: String,
        pattern: Option<String>,
    },
    /// No file does.
    No {
        count: usize,
        example: Option<String>,
    },
    /// It cannot be told, so it does.
    Unknown(String),
}

impl Watched {
    /// Why there is a deployment, as a sentence; nothing when every push has one.
    pub(super) fn sentence(&self) -> Option<String> {
        match self {
            Self::Everything => None,
            Self::Yes { file, pattern } => Some(match pattern {
                Some(pattern) => {
                    format!("{} matches the watch path {pattern}.", short(file))
                }
                None => format!("{} is not taken out by a watch path.", short(file)),
            }),
            Self::Unknown(reason) => Some(format!(
                "The watch paths were not asked, because the push does not tell all files: \
                 {reason}."
            )),
            Self::No { count: 0, .. } => {
                Some("No file changed, so no watch path matches.".to_owned())
            }
            Self::No { count, example } => {
                let example = example.as_deref().map(short).unwrap_or_default();
                Some(match count {
                    1 => format!("{example}, the only file that changed, matches no watch path."),
                    _ => format!(
                        "None of the {count} files that changed matches a watch path; \
                         {example} is one of them."
                    ),
                })
            }
        }
    }
}

fn short(path: &str) -> String {
    let shown: String = path.chars().filter(|c| !c.is_control()).take(120).collect();
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(id: &str, files: &[&str]) -> NamesFiles {
        NamesFiles {
            commit: Some(id.to_owned()),
            modified: Some(files.iter().map(|file| (*file).to_owned()).collect()),
            ..NamesFiles::default()
        }
    }

    fn push(commits: &[NamesFiles]) -> Commits<'_> {
        Commits {
            before: Some("a0"),
            after: Some("a2"),
            is_new: false,
            is_forced: false,
            total: None,
            named: commits,
        }
    }

    #[test]
    fn files_of_all_commits_count_once() {
        let commits = [commit("a1", &["b", "a"]), commit("a2", &["a"])];
        let files = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(Changed::of(&push(&commits)), Changed::Files(files));
    }

    #[test]
    fn a_push_that_may_hide_files_is_untold() {
        let commits = [commit("a1", &["a"]), commit("a2", &["a"])];
        let many: Vec<String> = (0..MOST_FILES).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let large = [commit("a2", &many)];
        let bare = [NamesFiles {
            commit: Some("a2".to_owned()),
            ..NamesFiles::default()
        }];
        let long = vec![commit("a2", &["a"]); MOST_COMMITS];
        for (push, word) in [
            (
                Commits {
                    is_forced: true,
                    ..push(&commits)
                },
                "forced",
            ),
            (
                Commits {
                    is_new: true,
                    ..push(&commits)
                },
                "new",
            ),
            (
                Commits {
                    before: Some("0000"),
                    ..push(&commits)
                },
                "new",
            ),
            (
                Commits {
                    total: Some(25),
                    ..push(&commits)
                },
                "25 commits and names 2",
            ),
            (push(&commits[..1]), "ends in"),
            (push(&[]), "ends in"),
            (push(&large), "3000 files"),
            (push(&bare), "name no files"),
            (push(&long), "2048 commits"),
        ] {
            let Changed::Untold(reason) = Changed::of(&push) else {
                panic!("told: {word}");
            };
            assert!(reason.contains(word), "{reason}");
        }
    }
}
