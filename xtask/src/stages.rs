//! What each stage took, and whether that is what it usually takes.

mod cost;
mod speed;
mod usual;

use anyhow::bail;

use cost::Cost;
use speed::Speed;

/// A list of finished stages.
pub struct Stages {
    /// Whether the machine has nothing yet of what earlier runs leave for later ones.
    is_first: bool,
    finished: Vec<(&'static str, Cost)>,
    /// Measured between the stages.
    speeds: Vec<Speed>,
}

impl Stages {
    /// None yet.
    pub fn new(is_first: bool) -> Self {
        Self {
            is_first,
            finished: Vec::new(),
            speeds: Vec::new(),
        }
    }

    /// Runs one stage and notes its duration; the durations so far are printed when it fails.
    pub fn run<T>(
        &mut self,
        name: &'static str,
        stage: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        eprintln!("\n=== {name}");
        let start = Cost::so_far()?;
        let result = stage();
        self.finished.push((name, Cost::so_far()?.since(&start)));
        if result.is_err() {
            self.print();
            eprintln!("=== failed: {name}");
        } else if usual::is_judged(name) {
            self.speeds.push(Speed::measure()?);
        }
        result
    }

    /// Prints the table.
    pub fn print(&self) {
        eprintln!(
            "\n=== seconds a stage (and seconds of processors, of programs that it waited for)"
        );
        let mut total = Cost::default();
        for (name, cost) in &self.finished {
            eprintln!(
                "{:>8.1} {:>10}  {name}",
                cost.elapsed.as_secs_f64(),
                format!("({:.1})", cost.processors.as_secs_f64())
            );
            total.add(cost);
        }
        eprintln!(
            "{:>8.1} {:>10}  total",
            total.elapsed.as_secs_f64(),
            format!("({:.1})", total.processors.as_secs_f64())
        );
    }

    /// Fails when a stage took more than double of what it usually takes.
    pub fn judge(&self) -> anyhow::Result<()> {
        let speed = Speed::slowest(&self.speeds);
        eprintln!("\n=== {speed}");
        let grown: Vec<String> = self
            .finished
            .iter()
            .filter_map(|(name, cost)| usual::excess(name, cost, self.is_first, &speed))
            .collect();
        if grown.is_empty() {
            return Ok(());
        }
        bail!(
            "{}\nfind out what has grown, or change what is usual in xtask/src/stages/usual.rs",
            grown.join("\n")
        );
    }
}
