//! Which files of a repository concern a service: patterns as in `.gitignore`, where the
//! last one that matches a file decides.

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

/// The most patterns of a service.
const MOST: usize = 100;
/// The longest pattern, in bytes.
const LONGEST: usize = 400;

/// Patterns of files; without any, every file concerns the service.
///
/// `apps/web` and `apps/web/` match the folder with everything in it, `*.md` without a
/// slash matches in every folder, `/README.md` at the root alone, `**` any folders. A
/// pattern behind `!` takes files out again. When all patterns take out, every other file
/// concerns the service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WatchPaths(Vec<String>);

impl WatchPaths {
    /// Reads patterns. Empty ones and comments (`# …`) are left out.
    ///
    /// # Errors
    /// What is wrong, as a fragment behind the field's name.
    pub fn parse<T: AsRef<str>>(patterns: &[T]) -> Result<Self, String> {
        let patterns: Vec<String> = patterns
            .iter()
            .map(|pattern| pattern.as_ref().trim())
            .filter(|pattern| !pattern.is_empty() && !pattern.starts_with('#'))
            .map(str::to_owned)
            .collect();
        if patterns.len() > MOST {
            return Err(format!("may hold {MOST} patterns at most"));
        }
        for pattern in &patterns {
            if pattern.len() > LONGEST || pattern.chars().any(char::is_control) {
                let shown: String = pattern.chars().filter(|c| !c.is_control()).collect();
                let shown: String = shown.chars().take(40).collect();
                return Err(format!(
                    "holds a pattern that is not one line of at most {LONGEST} bytes: {shown}"
                ));
            }
            Pattern::new(pattern)
                .map_err(|reason| format!("holds the pattern {pattern}, {reason}"))?;
        }
        Ok(Self(patterns))
    }

    /// The patterns as written.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }

    /// Whether every file concerns the service.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of these files that concerns the service, with the pattern that says so.
    /// The pattern is `None` when nothing takes the file out and nothing else is said.
    pub fn first_match<'a>(&'a self, files: &'a [String]) -> Option<(&'a str, Option<&'a str>)> {
        let patterns: Vec<(&str, Pattern)> = self
            .0
            .iter()
            .filter_map(|text| Some((text.as_str(), Pattern::new(text).ok()?)))
            .collect();
        let all_take_out = patterns.iter().all(|(_, pattern)| pattern.takes_out);
        files.iter().find_map(|file| {
            let path = file.trim_start_matches('/');
            let last = patterns
                .iter()
                .rev()
                .find(|(_, pattern)| pattern.matches(path));
            match last {
                Some((_, pattern)) if pattern.takes_out => None,
                Some((text, _)) => Some((file.as_str(), Some(*text))),
                None => all_take_out.then_some((file.as_str(), None)),
            }
        })
    }
}

/// One pattern, ready to be asked.
struct Pattern {
    takes_out: bool,
    /// The file itself; none when only folders are meant.
    file: Option<GlobMatcher>,
    /// Everything in a folder of that name.
    below: GlobMatcher,
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let (takes_out, text) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        // Behind a backslash a first ! or # is a letter like any other.
        let text = match text.strip_prefix('\\') {
            Some(rest) if rest.starts_with(['!', '#']) => rest,
            _ => text,
        };
        let is_folder = text.ends_with('/');
        let trimmed = text.trim_end_matches('/');
        let anchored = trimmed.contains('/');
        let path = trimmed.trim_start_matches('/');
        let path = path.strip_prefix("./").unwrap_or(path);
        if path.is_empty() || path == "." {
            return Err("which names no file; write ** for all of them".to_owned());
        }
        if path.split('/').any(|part| part == "..") {
            return Err("which leads out of the repository with ..".to_owned());
        }
        let path = if anchored {
            path.to_owned()
        } else {
            format!("**/{path}")
        };
        Ok(Self {
            takes_out,
            file: (!is_folder).then(|| glob(&path)).transpose()?,
            below: glob(&format!("{path}/**"))?,
        })
    }

    fn matches(&self, path: &str) -> bool {
        self.file.as_ref().is_some_and(|file| file.is_match(path)) || self.below.is_match(path)
    }
}

fn glob(pattern: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("which cannot be read: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::WatchPaths;

    /// The pattern that lets a file in, `-` when none does.
    fn decision(patterns: &[&str], file: &str) -> String {
        let paths = WatchPaths::parse(patterns).unwrap();
        match paths.first_match(&[file.to_owned()]) {
            Some((_, pattern)) => pattern.unwrap_or("everything else").to_owned(),
            None => "-".to_owned(),
        }
    }

    #[test]
    fn patterns_match_as_in_gitignore() {
        for (pattern, file, matches) in [
            ("apps/web", "apps/web/src/main.ts", true),
            ("apps/web/", "apps/web/src/main.ts", true),
            ("apps/web/", "apps/web", false),
            ("apps/web", "apps/web", true),
            ("apps/web", "apps/website/x", false),
            ("apps/web", "x/apps/web/y", false),
            ("/apps/web/**", "apps/web/a/b", true),
            ("web", "apps/web/a", true),
            ("*.md", "docs/a/b.md", true),
            ("/*.md", "docs/b.md", false),
            ("/*.md", "b.md", true),
            ("apps/*/Dockerfile", "apps/web/Dockerfile", true),
            ("apps/*/Dockerfile", "apps/a/b/Dockerfile", false),
            ("apps/**/Dockerfile", "apps/a/b/Dockerfile", true),
            ("**/test/**", "a/test/b", true),
            ("a[0-9].txt", "x/a7.txt", true),
            ("{a,b}/x", "b/x", true),
            ("\\!important", "!important", true),
            ("**", "anything/at/all", true),
            ("Apps", "apps/x", false),
            ("./apps/web", "apps/web/x", true),
            ("docs/ä b", "docs/ä b/c", true),
        ] {
            assert_eq!(
                decision(&[pattern], file) != "-",
                matches,
                "{pattern} {file}"
            );
        }
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let patterns = [
            "apps/web/**",
            "packages/**",
            "!**/*.md",
            "packages/README.md",
        ];
        assert_eq!(decision(&patterns, "apps/web/a.ts"), "apps/web/**");
        assert_eq!(decision(&patterns, "apps/web/README.md"), "-");
        assert_eq!(
            decision(&patterns, "packages/README.md"),
            "packages/README.md"
        );
        assert_eq!(decision(&patterns, "apps/api/a.ts"), "-");
        assert_eq!(decision(&["**", "!docs/", "docs/site"], "docs/a"), "-");
        assert_eq!(
            decision(&["**", "!docs/", "docs/site"], "docs/site/a"),
            "docs/site"
        );
    }

    #[test]
    fn patterns_that_only_take_out_leave_the_rest_in() {
        assert_eq!(decision(&["!docs"], "src/a"), "everything else");
        assert_eq!(decision(&["!docs"], "docs/a"), "-");
    }

    #[test]
    fn the_first_file_that_counts_is_named() {
        let paths = WatchPaths::parse(&["apps/web"]).unwrap();
        let files = ["docs/a".to_owned(), "apps/web/b".to_owned()];
        assert_eq!(
            paths.first_match(&files),
            Some(("apps/web/b", Some("apps/web")))
        );
        assert_eq!(paths.first_match(&files[..1]), None);
    }

    #[test]
    fn what_cannot_be_a_pattern_is_named() {
        for (pattern, word) in [
            ("a[", "a["),
            ("../x", "out of the repository"),
            ("/", "**"),
            ("!", "**"),
            ("a\u{7}b", "one line"),
        ] {
            let error = WatchPaths::parse(&[pattern]).unwrap_err();
            assert!(error.contains(word), "{pattern}: {error}");
        }
        let many = vec!["a"; 101];
        assert!(WatchPaths::parse(&many).unwrap_err().contains("100"));
        assert!(WatchPaths::parse(&[" ", "# a"]).unwrap().is_empty());
    }
}
