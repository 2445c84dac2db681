//! The note beside what was built.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::snapshot::Snapshot;
use crate::workspace;

/// The sources of the last build.
#[derive(Serialize, Deserialize)]
pub struct Note {
    /// When it was taken.
    pub taken: SystemTime,
    /// The root of the workspace.
    pub root: PathBuf,
    /// Every file then.
    pub sources: Snapshot,
}

impl Note {
    /// The last one; nothing when there is none, or one that cannot be read.
    pub fn read() -> Option<Self> {
        let text = fs::read(file()).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Takes the place of the last one.
    pub fn write(&self) -> anyhow::Result<()> {
        let partial = file().with_extension("partial");
        fs::write(&partial, serde_json::to_vec(self)?)?;
        fs::rename(partial, file())?;
        Ok(())
    }
}

fn file() -> PathBuf {
    workspace::target_directory().join("longshore-sources.json")
}
