//! What each unit of tests took the last time, so that the longest can begin first.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::workspace;

/// Seconds by the name of the unit, kept in the user's cache.
pub struct Times(BTreeMap<String, u64>);

impl Times {
    /// Those of earlier runs; nothing when there are none.
    pub fn read() -> Self {
        let text = fs::read_to_string(file()).unwrap_or_default();
        let known = text.lines().filter_map(|line| {
            let (seconds, name) = line.split_once(' ')?;
            Some((name.to_owned(), seconds.parse().ok()?))
        });
        Self(known.collect())
    }

    /// The seconds of one; those that nobody knows are taken for long.
    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(u64::MAX)
    }

    /// Takes note of one.
    pub fn note(&mut self, name: &str, took: Duration) {
        self.0.insert(name.to_owned(), took.as_secs());
    }

    /// Keeps them for the next run.
    pub fn write(&self) -> anyhow::Result<()> {
        let mut text = String::new();
        for (name, seconds) in &self.0 {
            writeln!(text, "{seconds} {name}")?;
        }
        let partial = file().with_extension("partial");
        fs::write(&partial, text)?;
        fs::rename(partial, file())?;
        Ok(())
    }
}

fn file() -> PathBuf {
    workspace::cache().join("test-times")
}
