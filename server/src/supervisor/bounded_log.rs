//! A log file that cannot fill the disk: when it is full, it becomes `<name>.1` and a new one
//! begins.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Size at which a file is put aside, in bytes. Two of them are kept.
const LIMIT_BYTES: u64 = 10 * 1024 * 1024;

/// The open file.
#[derive(Debug)]
pub struct BoundedLog {
    path: PathBuf,
    file: File,
    size_bytes: u64,
    limit_bytes: u64,
}

impl BoundedLog {
    /// Opens the file at `path` for appending.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, LIMIT_BYTES)
    }

    fn with_limit(path: &Path, limit_bytes: u64) -> io::Result<Self> {
        let file = open_for_appending(path)?;
        let size_bytes = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            file,
            size_bytes,
            limit_bytes,
        })
    }

    fn turn_over(&mut self) -> io::Result<()> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(".1");
        fs::rename(&self.path, aside)?;
        self.file = open_for_appending(&self.path)?;
        self.size_bytes = 0;
        Ok(())
    }
}

impl Write for BoundedLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size_bytes + bytes.len() as u64 > self.limit_bytes && self.size_bytes > 0 {
            self.turn_over()?;
        }
        let written = self.file.write(bytes)?;
        self.size_bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens a log for appending, readable for its owner and group alone.
///
/// # Errors
/// When it cannot be created.
pub fn open_for_appending(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o640)
        .open(path)
}

/// The last lines of a log, for an error message; empty when there is none.
pub fn tail(path: &Path, lines: usize) -> Vec<String> {
    const WINDOW_BYTES: u64 = 64 * 1024;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(WINDOW_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    let all: Vec<_> = text.lines().map(str::to_owned).collect();
    all[all.len().saturating_sub(lines)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_put_aside_and_only_two_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("part.log");
        let mut log = BoundedLog::with_limit(&path, 10).unwrap();
        for line in ["first\n", "second\n", "third\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(tail(&path, 5), ["third"]);
        assert_eq!(tail(&directory.path().join("part.log.1"), 5), ["second"]);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn the_tail_has_the_last_lines() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("part.log");
        fs::write(&path, "a\nb\nc\n").unwrap();
        assert_eq!(tail(&path, 2), ["b", "c"]);
        assert!(tail(&directory.path().join("absent"), 2).is_empty());
    }
}
