//! `.sqlx/`, what sqlx's macros know of the database when there is none: making it, and checking that
//! it is what the migrations give.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::bail;

use crate::postgres::Postgres;
use crate::{process, workspace};

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

/// Fails when `.sqlx` is not what the code and the migrations give.
pub fn check() -> anyhow::Result<()> {
    let fresh = describe()?;
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
    Ok(())
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
            .env("DATABASE_URL", postgres.url())
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &folder),
    )?;
    let files = read(&folder)?;
    fs::remove_dir_all(folder)?;
    Ok(files)
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
