//! Names in archives.

use super::Trouble;

/// The longest path, and the longest name in it, in bytes.
const LONGEST_PATH: usize = 1024;
const LONGEST_NAME: usize = 255;
/// The deepest nesting of folders.
const DEEPEST: usize = 64;

/// A path of an archive, checked: relative, without `.` and `..`, names joined by `/`.
/// None for what is left out: the history of a repository and the notes of macOS.
pub(super) fn checked(raw: &[u8]) -> Result<Option<String>, Trouble> {
    let refused = |what: &str| Err(Trouble::Refused(format!("holds {}, {what}", shown(raw))));
    let Ok(text) = std::str::from_utf8(raw) else {
        return refused("a name that is not UTF-8");
    };
    if text.starts_with('/') {
        return refused("an absolute path");
    }
    if text.contains('\\') || text.chars().any(char::is_control) {
        return refused("a name with a backslash or a control character");
    }
    if text.len() > LONGEST_PATH {
        return refused("a path of more than 1,024 bytes");
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return refused("which leads out of it with .."),
            _ if part.len() > LONGEST_NAME => {
                return refused("a name of more than 255 bytes");
            }
            _ => parts.push(part),
        }
    }
    if parts.len() > DEEPEST {
        return refused("folders nested more than 64 deep");
    }
    let is_left_out = parts.first() == Some(&"__MACOSX")
        || parts.contains(&".git")
        || parts.last() == Some(&".DS_Store");
    Ok((!is_left_out).then(|| parts.join("/")))
}

/// A name of a stranger's, fit to be printed.
pub(super) fn shown(raw: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(raw)
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(120)
        .collect();
    format!("“{text}”")
}

/// Whether a link at `path` that says `target` stays within the root: it may go up first,
/// but not further than the root, and never up again after it went down, for that may be
/// through another link.
pub(super) fn stays_inside(path: &str, target: &str) -> bool {
    if target.is_empty() || target.starts_with('/') || target.chars().any(char::is_control) {
        return false;
    }
    let depth = path.split('/').count() - 1;
    let mut up = 0;
    let mut went_down = false;
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if went_down => return false,
            ".." => up += 1,
            _ => went_down = true,
        }
    }
    up <= depth
}

#[cfg(test)]
mod tests {
    use super::{checked, stays_inside};

    #[test]
    fn links_may_go_up_to_the_root_and_not_beyond() {
        for (path, target, inside) in [
            ("a", "b", true),
            ("a", "./b/c", true),
            ("a/b", "../c", true),
            ("a", "../c", false),
            ("a/b", "../../c", false),
            ("a", "b/../c", false),
            ("a", "/etc/passwd", false),
            ("a", "", false),
            ("a/b/c", "../..", true),
        ] {
            assert_eq!(stays_inside(path, target), inside, "{path} -> {target}");
        }
    }

    #[test]
    fn paths_are_made_plain() {
        let plain = |raw: &str| checked(raw.as_bytes()).unwrap();
        assert_eq!(plain("./a//b/").as_deref(), Some("a/b"));
        assert_eq!(plain("./").as_deref(), Some(""));
        for left_out in ["__MACOSX/a", "x/.git/config", "a/.DS_Store"] {
            assert_eq!(plain(left_out), None);
        }
    }
}
