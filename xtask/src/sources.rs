//! Lets cargo see what a new clone has in common with the one that was built before it.
//!
//! Cargo compares times, and in a new clone every file is of now, so it would compile the whole
//! workspace in each run of a pipeline. After a build this notes the content and the time of every
//! file beside what was built; before the next one, a package whose files all have that content
//! gets their times back.
//!
//! Nothing stale can come of it: a package is taken as a whole, so that a file that is new or gone
//! counts too, and when anything was built since the note, by whomever, nothing is given back.

mod note;
mod snapshot;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::workspace;
use note::Note;
pub use snapshot::Snapshot;

/// What macros read without telling cargo: the description of the database.
const UNTRACKED: &[&str] = &[".sqlx", "migrations"];

/// Gives unchanged packages the times of the last build.
pub fn restore() -> anyhow::Result<()> {
    let Some(note) = Note::read() else {
        return Ok(());
    };
    if last_built()?.is_some_and(|built| built > note.taken) {
        eprintln!("something was built since the last run: the workspace is compiled anew");
        return Ok(());
    }
    let now = Snapshot::take(workspace::root())?;
    if UNTRACKED
        .iter()
        .any(|folder| !now.equals(&note.sources, Path::new(folder)))
    {
        return Ok(());
    }
    let packages = now.packages();
    let is_elsewhere = note.root != workspace::root();
    let unchanged: Vec<&Path> = packages
        .iter()
        .map(PathBuf::as_path)
        // This program was built before it could look.
        .filter(|package| *package != Path::new("xtask"))
        .filter(|package| now.equals(&note.sources, package))
        .filter(|package| !is_elsewhere || !knows_its_place(&now, package))
        .collect();
    let outside = now
        .paths()
        .filter(|path| !packages.iter().any(|package| path.starts_with(package)))
        .filter(|path| !packages.iter().any(|package| package.starts_with(path)))
        .filter(|path| now.equals(&note.sources, path));
    for path in unchanged.iter().copied().chain(outside) {
        note.sources.give_times_back(workspace::root(), path)?;
    }
    eprintln!(
        "{} of {} packages are as they were built",
        unchanged.len(),
        packages.len()
    );
    Ok(())
}

/// Takes note of what has been built just now.
pub fn note() -> anyhow::Result<()> {
    let taken = SystemTime::now();
    Note {
        taken,
        root: workspace::root().to_owned(),
        sources: Snapshot::take(workspace::root())?,
    }
    .write()
}

/// Whether nothing that this run needs has been built yet: there is no note, or it is of other
/// dependencies.
pub fn is_first_build() -> anyhow::Result<bool> {
    let Some(note) = Note::read() else {
        return Ok(true);
    };
    let now = Snapshot::take(workspace::root())?;
    Ok(!now.equals(&note.sources, Path::new("Cargo.lock")))
}

/// Whether the path of a package is compiled into it.
fn knows_its_place(sources: &Snapshot, package: &Path) -> bool {
    sources
        .paths()
        .filter(|path| path.starts_with(package))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| fs::read_to_string(workspace::root().join(path)).ok())
        .any(|text| text.contains("env!(\"CARGO_MANIFEST_DIR\")"))
}

/// When cargo last began to compile one of the workspace's packages, except this program.
fn last_built() -> anyhow::Result<Option<SystemTime>> {
    let mut last = None;
    for profile in folders(&workspace::target_directory())? {
        for unit in folders(&profile.join(".fingerprint"))? {
            let name = unit.file_name().unwrap_or_default().to_string_lossy();
            if !name.starts_with("longshore-") {
                continue;
            }
            if let Ok(file) = fs::metadata(unit.join("invoked.timestamp")) {
                last = last.max(Some(file.modified()?));
            }
        }
    }
    Ok(last)
}

fn folders(parent: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Ok(Vec::new());
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    Ok(folders)
}
