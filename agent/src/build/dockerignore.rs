//! `.dockerignore`, with the meaning that Docker gives it.
//!
//! It is not `.gitignore`: every pattern starts at the context's root, a name matches
//! a folder with everything below it, the last matching pattern decides, and `!` takes
//! back what was excluded before, also below excluded folders. The rules are those of
//! Moby's `ignorefile` and `patternmatcher` packages.

use longshore_domain::FailureKind;
use regex::bytes::{Regex, RegexBuilder};

use crate::stage::StageError;

/// The most patterns of a file.
const MAX_PATTERNS: usize = 2000;

/// The rules of a file.
#[derive(Debug, Default)]
pub(super) struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    /// It takes back (`!`).
    includes: bool,
    /// Its folders before the first wildcard.
    fixed: Vec<Vec<u8>>,
}

impl Ignore {
    /// Reads a file's text.
    pub(super) fn parse(text: &str) -> Result<Self, StageError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for line in text.lines() {
            if line.starts_with('#') {
                continue;
            }
            let line = line.trim();
            let (includes, pattern) = match line.strip_prefix('!') {
                Some(rest) => (true, rest.trim()),
                None => (false, line),
            };
            if line.is_empty() {
                continue;
            }
            let cleaned = clean(pattern);
            if pattern.is_empty() {
                return Err(invalid(line));
            }
            // The root itself: excluding it excludes nothing, as in Docker.
            if cleaned == "." || cleaned == "/" {
                continue;
            }
            let cleaned = cleaned.strip_prefix('/').unwrap_or(&cleaned);
            patterns.push(Pattern {
                regex: compile(cleaned).ok_or_else(|| invalid(line))?,
                includes,
                fixed: cleaned
                    .split('/')
                    .take_while(|part| !part.contains(['*', '?', '[', '\\']))
                    .map(|part| part.as_bytes().to_vec())
                    .collect(),
            });
            if patterns.len() > MAX_PATTERNS {
                return Err(invalid("(more than 2000 patterns)"));
            }
        }
        Ok(Self { patterns })
    }

    /// Whether a path (relative, `/` between its parts) is left out.
    pub(super) fn excludes(&self, path: &[u8]) -> bool {
        let mut excluded = false;
        for pattern in &self.patterns {
            if pattern.includes != excluded {
                continue;
            }
            if pattern.matches_or_holds(path) {
                excluded = !pattern.includes;
            }
        }
        excluded
    }

    /// Whether something below an excluded folder may be taken back.
    pub(super) fn may_include_below(&self, folder: &[u8]) -> bool {
        let parts: Vec<&[u8]> = folder.split(|byte| *byte == b'/').collect();
        self.patterns.iter().any(|pattern| {
            pattern.includes
                && pattern
                    .fixed
                    .iter()
                    .zip(&parts)
                    .all(|(fixed, part)| fixed == part)
        })
    }
}

impl Pattern {
    /// Whether it matches the path or one of the folders that hold it.
    fn matches_or_holds(&self, path: &[u8]) -> bool {
        self.regex.is_match(path)
            || path
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'/')
                .any(|(end, _)| self.regex.is_match(&path[..end]))
    }
}

/// Go's `filepath.Clean`: no empty or `.` parts, `..` resolved where something is
/// before it.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(".."),
            },
            other => parts.push(other),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// A pattern as a regular expression, by Moby's translation; none when it is malformed.
fn compile(pattern: &str) -> Option<Regex> {
    let mut regex = String::from("^");
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                if chars.peek() == Some(&'/') {
                    chars.next();
                }
                if chars.peek().is_none() {
                    regex.push_str(".*");
                } else {
                    regex.push_str("(.*/)?");
                }
            }
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '\\' => {
                let escaped = chars.next()?;
                regex.push_str(&regex::escape(&escaped.to_string()));
            }
            '[' => regex.push_str(&class(&mut chars)?),
            plain => regex.push_str(&regex::escape(&plain.to_string())),
        }
    }
    regex.push('$');
    RegexBuilder::new(&regex)
        .dot_matches_new_line(true)
        .size_limit(1 << 20)
        .build()
        .ok()
}

/// The rest of a character class, after its `[`.
fn class(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut class = String::from("[");
    if chars.peek() == Some(&'^') {
        chars.next();
        class.push_str("^/");
    }
    let mut empty = true;
    loop {
        match chars.next()? {
            ']' if empty => return None,
            ']' => break,
            '-' if !empty && chars.peek().is_some_and(|next| *next != ']') => class.push('-'),
            '\\' => class.push_str(&literal(chars.next()?)),
            plain => class.push_str(&literal(plain)),
        }
        empty = false;
    }
    class.push(']');
    Some(class)
}

/// A character as itself within a class.
fn literal(char: char) -> String {
    format!("\\x{{{:x}}}", u32::from(char))
}

fn invalid(line: &str) -> StageError {
    let line: String = line.chars().filter(|c| !c.is_control()).take(100).collect();
    StageError::failed(
        FailureKind::BuildFailed,
        format!("The .dockerignore file holds a pattern that Docker does not allow: {line}"),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Ignore, clean};

    #[rstest]
    #[case("node_modules", "node_modules", true)]
    #[case("node_modules", "node_modules/a/b", true)]
    #[case("node_modules", "web/node_modules", false)]
    #[case("/node_modules/", "node_modules/a", true)]
    #[case("**/node_modules", "node_modules/a", true)]
    #[case("**/node_modules", "a/b/node_modules/c", true)]
    #[case("**/node_modules", "a/my_node_modules", false)]
    #[case("*.md", "README.md", true)]
    #[case("*.md", "docs/README.md", false)]
    #[case("**/*.md", "docs/a/README.md", true)]
    #[case("**/*.md", "README.md", true)]
    #[case("*/temp*", "a/temporary.txt", true)]
    #[case("*/temp*", "a/b/temporary.txt", false)]
    #[case("*/temp*", "a/temp/b/c", true)]
    #[case("temp?", "tempa", true)]
    #[case("temp?", "temp", false)]
    #[case("temp?", "temp/a", false)]
    #[case("a/**", "a/b/c", true)]
    #[case("a/**", "a", false)]
    #[case("a/**/c", "a/c", true)]
    #[case("a/**/c", "a/x/y/c", true)]
    #[case("a/**/c", "a/x/cc", false)]
    #[case("**", "anything/at/all", true)]
    #[case("*", "a/b", true)]
    #[case("./a/../b", "b/c", true)]
    #[case("# a", "# a", false)]
    #[case("  spaced  ", "spaced", true)]
    #[case("a.c", "abc", false)]
    #[case("a+b(c)|{d}$", "a+b(c)|{d}$", true)]
    #[case("[a-c]x", "bx", true)]
    #[case("[a-c]x", "dx", false)]
    #[case("[^a-c]x", "dx", true)]
    #[case("[^a-c]x", "/x", false)]
    #[case("a\\*b", "a*b", true)]
    #[case("a\\*b", "axb", false)]
    #[case(".", "a", false)]
    #[case("\u{feff}a", "a", true)]
    #[case("a\r\nb\r\n", "b", true)]
    #[case("ü?", "üß", true)]
    fn patterns_mean_what_docker_says(
        #[case] file: &str,
        #[case] path: &str,
        #[case] excluded: bool,
    ) {
        let ignore = Ignore::parse(file).unwrap();
        assert_eq!(ignore.excludes(path.as_bytes()), excluded);
    }

    #[rstest]
    #[case("*\n!README.md", "README.md", false)]
    #[case("*\n!README.md", "src/a", true)]
    #[case("*\n!src", "src/a/b", false)]
    #[case("*\n!src\nsrc/secret", "src/secret/x", true)]
    #[case("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true)]
    #[case("*.md\n!README*.md\nREADME-secret.md", "README-a.md", false)]
    #[case("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", false)]
    #[case("docs\n!docs/keep/a.txt", "docs/keep/a.txt", false)]
    #[case("docs\n!docs/keep/a.txt", "docs/keep/b.txt", true)]
    #[case("docs\n! docs/a", "docs/a", false)]
    #[case("**\n!**/*.go", "a/b/c.go", false)]
    #[case("!a\na", "a", true)]
    fn the_last_match_decides(#[case] file: &str, #[case] path: &str, #[case] excluded: bool) {
        let ignore = Ignore::parse(file).unwrap();
        assert_eq!(ignore.excludes(path.as_bytes()), excluded);
    }

    #[test]
    fn excluded_folders_are_entered_only_for_what_is_taken_back() {
        let ignore = Ignore::parse("docs\nvendor\n!docs/keep/a.txt").unwrap();
        assert!(ignore.may_include_below(b"docs"));
        assert!(ignore.may_include_below(b"docs/keep"));
        assert!(!ignore.may_include_below(b"docs/other"));
        assert!(!ignore.may_include_below(b"vendor"));
        let ignore = Ignore::parse("*\n!**/*.go").unwrap();
        assert!(ignore.may_include_below(b"any/thing"));
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for file in ["a[", "[]", "!", "a\\", "[a-"] {
            assert!(Ignore::parse(file).is_err(), "{file:?}");
        }
    }

    #[test]
    fn a_hostile_pattern_costs_no_time() {
        let ignore = Ignore::parse(&format!("{}b", "**/*a".repeat(50))).unwrap();
        assert!(!ignore.excludes("aaaaaaaaaaaaaaa/".repeat(128).as_bytes()));
    }

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (path, cleaned) in [
            ("a//b/./c/", "a/b/c"),
            ("a/../..", ".."),
            ("/..", "/"),
            ("./", "."),
            ("../a", "../a"),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }
}
