//! `.sqlx/`, what sqlx's macros know of the database when there is none: making it, and checking that
//! it is what the migrations give.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::bail;

use crate::postgres::Postgres;
use crate::sources::Snapshot;
use crate::{process, workspace};

/// The crate whose macros describe the queries.
const STORE: &str = "crates/store/src/lib.rs";

/// All that decides what they write.
const INPUTS: &[&str] = &["crates/store", "migrations", ".sqlx", "Cargo.lock"];

/// `cargo xtask sqlx-prepare`
pub fn prepare() -> anyhow::Result<()> {
    let fresh = describe()?;
    let committed = workspace::root().join(".sqlx");
    if committed.exists() {
        fs::remove_dir_all(&committed)?;
    }
    fs::create_dir(&committed)?;
    for (name, text) in &fresh {
        fs::write(committed.join(name), text)?;
    }
    eprintln!("{} queries in .sqlx", fresh.len());
    Ok(())
}

/// Fails when `.sqlx` is not what the code and the migrations give. That is found out by
/// compiling, so a compilation of the workspace that is due anyway takes part: it gets the variables
/// that it must give to cargo. When nothing has changed since the last check, it is all there is.
pub fn check(compile: impl FnOnce(&[(&str, String)]) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let inputs = Snapshot::take(workspace::root())?.digest(INPUTS);
    let checked = workspace::target_directory().join("longshore-sql-checked");
    if fs::read_to_string(&checked).is_ok_and(|digest| digest == inputs) {
        return compile(&[("SQLX_OFFLINE", "true".to_owned())]);
    }
    let postgres = Postgres::start()?;
    postgres.migrate()?;
    let folder = scratch()?;
    // Its macros describe the queries only when they are expanded.
    File::open(workspace::root().join(STORE))?.set_modified(SystemTime::now())?;
    compile(&variables(&postgres, &folder))?;
    let fresh = read(&folder)?;
    fs::remove_dir_all(folder)?;
    let committed = read(&workspace::root().join(".sqlx"))?;
    if fresh != committed {
        let missing = fresh.keys().filter(|name| !committed.contains_key(*name));
        let extra = committed.keys().filter(|name| !fresh.contains_key(*name));
        bail!(
            ".sqlx is out of date ({} missing, {} left over): run `cargo xtask sqlx-prepare`",
            missing.count(),
            extra.count()
        );
    }
    Ok(fs::write(checked, inputs)?)
}

/// Compiles `store` against a migrated scratch database, and gives the files that the macros write.
fn describe() -> anyhow::Result<BTreeMap<String, String>> {
    let postgres = Postgres::start()?;
    postgres.migrate()?;
    let folder = scratch()?;
    // A new `--cfg` makes cargo compile the crate again, and nothing but it.
    let nonce = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    process::run(
        process::cargo()
            .args(["rustc", "--quiet", "--package=longshore-store", "--lib"])
            .args(["--profile=check", "--", "--cfg"])
            .arg(format!("longshore_sqlx=\"{nonce}\""))
            .envs(variables(&postgres, &folder)),
    )?;
    let files = read(&folder)?;
    fs::remove_dir_all(folder)?;
    Ok(files)
}

/// What makes the macros ask a database and write down what it says.
fn variables(postgres: &Postgres, folder: &Path) -> [(&'static str, String); 3] {
    [
        ("DATABASE_URL", postgres.url()),
        ("SQLX_OFFLINE", "false".to_owned()),
        ("SQLX_OFFLINE_DIR", folder.to_string_lossy().into_owned()),
    ]
}

fn scratch() -> anyhow::Result<PathBuf> {
    let folder = PathBuf::from(format!("/tmp/longshore-sqlx-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn read(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            files.insert(name.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}
