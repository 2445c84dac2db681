//! The benchmarks that `cargo xtask bench` runs inside the test engine, on release programs.
//!
//! Where a bound is a ratio, both sides are measured in turns in the same run: machines are noisy.

mod app;
mod bare;
mod gapless;
mod idle;
mod many;
mod measure;
mod redeploy;
mod report;

use report::Report;

/// All of them, in the order in which they run.
const SCENARIOS: [&str; 6] = ["idle", "redeploy", "rollback", "large", "gapless", "many"];

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    if wanted.is_empty() {
        wanted = SCENARIOS.map(str::to_owned).to_vec();
    }
    let mut report = Report::default();
    for name in &wanted {
        report.begin(name);
        match name.as_str() {
            "idle" => idle::run(&mut report).await,
            "redeploy" => redeploy::tiny(&mut report).await,
            "rollback" => redeploy::rollback(&mut report).await,
            "large" => redeploy::large(&mut report).await,
            "gapless" => gapless::run(&mut report).await,
            "many" => many::run(&mut report).await,
            _ => {
                report.note(&format!(
                    "there is no such benchmark; there are {SCENARIOS:?}"
                ));
                return std::process::ExitCode::FAILURE;
            }
        }
    }
    report.end()
}
