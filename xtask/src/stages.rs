//! What each stage took.

use std::time::{Duration, Instant};

/// A list of finished stages.
#[derive(Default)]
pub struct Stages {
    finished: Vec<(&'static str, Duration)>,
}

impl Stages {
    /// Runs one stage and notes its duration; the durations so far are printed when it fails.
    pub fn run<T>(
        &mut self,
        name: &'static str,
        stage: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        eprintln!("\n=== {name}");
        let start = Instant::now();
        let result = stage();
        self.finished.push((name, start.elapsed()));
        if result.is_err() {
            self.print();
            eprintln!("=== failed: {name}");
        }
        result
    }

    /// Prints the table.
    pub fn print(&self) {
        eprintln!("\n=== seconds a stage");
        for (name, duration) in &self.finished {
            eprintln!("{:>8.1}  {name}", duration.as_secs_f64());
        }
        let total: Duration = self.finished.iter().map(|(_, duration)| *duration).sum();
        eprintln!("{:>8.1}  total", total.as_secs_f64());
    }
}
