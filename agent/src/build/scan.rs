//! What is in a checkout, for those who decide how it is built. Blocking, but bounded.

use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use longshore_autobuild::{MANIFESTS, Tree};

/// How many folders deep it looks.
const MAX_DEPTH: usize = 3;
/// How many entries it looks at.
const MAX_ENTRIES: usize = 20_000;
/// The largest manifest that is read, in bytes.
const MAX_TEXT: u64 = 256 * 1024;

/// The regular files of a checkout near its root. Links are neither files nor folders
/// here, wherever they lead.
pub(super) fn tree(checkout: &Path) -> Tree {
    let mut tree = Tree::default();
    let mut left = MAX_ENTRIES;
    folder(checkout, "", MAX_DEPTH, &mut left, &mut tree);
    tree
}

fn folder(path: &Path, prefix: &str, depth: usize, left: &mut usize, tree: &mut Tree) {
    let Ok(entries) = fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
            continue;
        };
        let relative = format!("{prefix}{name}");
        if kind.is_dir() && depth > 0 && !matches!(name.as_str(), ".git" | "node_modules") {
            folder(
                &entry.path(),
                &format!("{relative}/"),
                depth - 1,
                left,
                tree,
            );
        } else if kind.is_file() {
            let is_manifest = prefix.is_empty() && MANIFESTS.contains(&name.as_str());
            let text = is_manifest.then(|| read(&entry.path())).flatten();
            tree.add(&relative, text);
        }
    }
}

fn read(path: &Path) -> Option<String> {
    let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(no_follow)
        .open(path)
        .ok()?;
    let mut text = String::new();
    file.take(MAX_TEXT + 1).read_to_string(&mut text).ok()?;
    (text.len() as u64 <= MAX_TEXT).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{MAX_TEXT, tree};

    #[test]
    fn links_and_large_manifests_are_not_read() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("package.json"), "{}").unwrap();
        let checkout = tempfile::tempdir().unwrap();
        let at = |name: &str| checkout.path().join(name);
        symlink(outside.path().join("package.json"), at("package.json")).unwrap();
        symlink(outside.path(), at("sub")).unwrap();
        fs::write(
            at("go.mod"),
            "x".repeat(usize::try_from(MAX_TEXT).unwrap() + 1),
        )
        .unwrap();
        fs::write(at("Gemfile"), "gem").unwrap();
        let tree = tree(checkout.path());
        assert!(!tree.has("package.json") && !tree.has("sub/package.json"));
        assert_eq!(tree.text("go.mod"), None);
        assert_eq!(tree.text("Gemfile"), Some("gem"));
    }
}
