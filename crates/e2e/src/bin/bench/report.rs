//! What was measured, beside its bound.

use std::io::Write as _;
use std::process::ExitCode;

/// The lines so far; printed as they come.
#[derive(Default)]
pub struct Report {
    misses: usize,
}

impl Report {
    /// A new benchmark.
    pub fn begin(&self, name: &str) {
        self.print(&format!(
            "\n{name}\n{:<58} {:>12} {:>12}",
            "", "measured", "at most"
        ));
    }

    /// A value with its bound, in the same unit.
    pub fn bounded(&mut self, what: &str, value: f64, bound: f64, unit: &str) {
        let missed = value > bound;
        self.misses += usize::from(missed);
        let mark = if missed { "  MISSED" } else { "" };
        self.print(&format!(
            "  {what:<56} {value:>9.2} {unit:<2} {bound:>9.2} {unit}{mark}"
        ));
    }

    /// A value without a bound.
    pub fn value(&self, what: &str, value: f64, unit: &str) {
        self.print(&format!("  {what:<56} {value:>9.2} {unit}"));
    }

    /// A remark.
    pub fn note(&self, text: &str) {
        self.print(&format!("  {text}"));
    }

    /// The exit code: whether all bounds were kept.
    pub fn end(&self) -> ExitCode {
        if self.misses == 0 {
            self.print("\nall bounds were kept");
            return ExitCode::SUCCESS;
        }
        self.print(&format!("\n{} bounds were missed", self.misses));
        ExitCode::FAILURE
    }

    #[expect(
        clippy::unused_self,
        reason = "lines are printed by way of the report alone"
    )]
    fn print(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").expect("stdout");
    }
}
