//! Processes' memory and time, and the middle of several measurements.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Clock ticks a second in `/proc/<pid>/stat`; the same on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// One process of a Longshore.
pub struct Process {
    folder: PathBuf,
}

impl Process {
    /// The process whose command line begins with a program in that folder and goes on with
    /// these words.
    pub fn find(folder: &Path, program: &str, words: &[&str]) -> Self {
        let program = folder.join("bin").join(program);
        let wanted: Vec<String> = std::iter::once(program.to_string_lossy().into_owned())
            .chain(words.iter().map(|&word| word.to_owned()))
            .collect();
        let found = fs::read_dir("/proc")
            .expect("/proc")
            .flatten()
            .map(|entry| entry.path())
            .find(|process| {
                let line = fs::read(process.join("cmdline")).unwrap_or_default();
                let line = String::from_utf8_lossy(&line);
                let own: Vec<&str> = line.split_terminator('\0').collect();
                own.len() >= wanted.len() && own.iter().zip(&wanted).all(|(own, word)| own == word)
            });
        let folder = found.unwrap_or_else(|| panic!("no process {wanted:?}"));
        Self { folder }
    }

    /// Its memory in megabytes, with its share of what it shares (PSS).
    pub fn megabytes(&self) -> f64 {
        let text = fs::read_to_string(self.folder.join("smaps_rollup")).expect("smaps_rollup");
        let line = text.lines().find(|line| line.starts_with("Pss:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        kilobytes.expect("its PSS") * 1024.0 / 1e6
    }

    /// Processor time so far, in seconds.
    pub fn seconds(&self) -> f64 {
        let text = fs::read_to_string(self.folder.join("stat")).expect("stat");
        // Behind the program's name, which may hold spaces: utime and stime are 14 and 15 of all.
        let fields: Vec<&str> = text
            .rsplit_once(')')
            .expect("a name")
            .1
            .split_whitespace()
            .collect();
        let ticks: f64 = [fields[11], fields[12]]
            .iter()
            .map(|ticks| ticks.parse::<f64>().expect("ticks"))
            .sum();
        ticks / TICKS_PER_SECOND
    }
}

/// The middle of the measurements.
pub fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}
