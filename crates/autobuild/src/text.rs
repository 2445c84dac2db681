//! Untrusted text on its way into a Dockerfile.

/// A name or path that may stand in an instruction as it is: no spaces, quotes, `$`,
/// line ends, and nothing that could be taken for an option.
pub(crate) fn plain(text: &str) -> Option<&str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._/@+-".contains(c);
    let text = text.strip_prefix("./").unwrap_or(text);
    let fine = !text.is_empty()
        && text.len() <= 200
        && text.chars().all(fits)
        && !text.starts_with(['-', '/'])
        && !text.split('/').any(|part| part == "..");
    fine.then_some(text)
}

/// The first number of a version, such as 20 of `>=20.1 <21` or `v20`.
pub(crate) fn major(text: &str) -> Option<u32> {
    numbers(text).into_iter().next()
}

/// `3.12` of `==3.12.*`, `3.12.4` or `python-3.12.1`.
pub(crate) fn major_minor(text: &str) -> Option<String> {
    let mut numbers = numbers(text).into_iter();
    Some(format!("{}.{}", numbers.next()?, numbers.next()?))
}

/// The numbers of the first version in a text.
fn numbers(text: &str) -> Vec<u32> {
    let start = text.find(|c: char| c.is_ascii_digit());
    let version = start.map_or("", |start| &text[start..]);
    let end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    version[..end]
        .split('.')
        .map_while(|number| number.parse().ok().filter(|number| *number < 1000))
        .collect()
}

/// A list of arguments as Docker's JSON form, which nothing interprets.
pub(crate) fn list(arguments: &[&str]) -> String {
    serde_json::to_string(arguments)
        .unwrap_or_default()
        .replace("\",\"", "\", \"")
}

/// A line for the container's shell, in JSON form: whatever stands in it, it stays one
/// argument of one instruction.
pub fn in_shell(line: &str) -> String {
    list(&["/bin/sh", "-c", line])
}

#[cfg(test)]
mod tests {
    use super::{in_shell, major, major_minor, plain};

    #[test]
    fn names_that_could_become_instructions_are_refused() {
        for text in [
            "a\nUSER root",
            "a b",
            "--flag",
            "$(id)",
            "a\"",
            "../x",
            "a/../../x",
            "/etc",
            "",
            "a;b",
        ] {
            assert_eq!(plain(text), None, "{text:?}");
        }
        assert_eq!(plain("./src/server.js"), Some("src/server.js"));
    }

    #[test]
    fn versions_are_numbers_and_nothing_else() {
        assert_eq!(major(">=20.1 <21"), Some(20));
        assert_eq!(major("lts/*"), None);
        assert_eq!(major("20\nRUN evil"), Some(20));
        assert_eq!(major("99999999999"), None);
        assert_eq!(major_minor("python-3.12.1").as_deref(), Some("3.12"));
        assert_eq!(major_minor(">=3.11,<4").as_deref(), Some("3.11"));
        assert_eq!(major_minor("3"), None);
    }

    #[test]
    fn a_line_for_the_shell_stays_one_argument() {
        let text = in_shell("a \"b\" \\\nUSER root");
        assert_eq!(text.lines().count(), 1, "{text}");
        let back: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back[2], "a \"b\" \\\nUSER root");
    }
}
