//! The cgroups of a sandbox: one in every hierarchy, made by `outside.sh`.

use std::fs;
use std::path::Path;

/// Removes them; what still runs in one keeps it.
pub fn remove(name: &str) {
    let Ok(mounts) = fs::read_to_string("/proc/mounts") else {
        return;
    };
    for line in mounts.lines() {
        let mut fields = line.split_whitespace().skip(1);
        if let (Some(mount), Some("cgroup" | "cgroup2")) = (fields.next(), fields.next()) {
            remove_tree(&Path::new(mount).join(name));
        }
    }
}

/// Cgroups go by `rmdir`, the innermost first.
fn remove_tree(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        remove_tree(&entry.path());
    }
    let _ = fs::remove_dir(folder);
}
