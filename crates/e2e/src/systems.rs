//! Whole systems that move to Longshore as their repositories stand, under `systems/`.

use std::path::Path;

use longshore_testkit::git::Repository;

/// A repository with the files of a folder of `systems/`, committed on `main`.
///
/// # Panics
/// When there is no such folder.
pub fn repository(folder: &str) -> Repository {
    // Tests run in the folder of their package.
    let source = Path::new("systems").join(folder);
    let name = source.file_name().expect("a name").to_string_lossy();
    let repository = Repository::new(&name);
    repository.copy(&source);
    repository.commit("The system as it stands");
    repository
}
