//! What Longshore takes when nothing happens.

use std::fs;
use std::time::Duration;

use longshore_e2e::longshore::Longshore;
use longshore_testkit::programs;

use crate::measure::{Process, median};
use crate::report::Report;

/// How long nothing happens before it is looked.
const QUIET: Duration = Duration::from_mins(2);
/// Over how long processor time is counted.
const WINDOW: Duration = Duration::from_mins(1);
const STARTS: usize = 5;

/// Sizes, start time, memory and processor time.
pub async fn run(report: &mut Report) {
    for program in ["longshore", "longshore-agent"] {
        let bytes = fs::metadata(programs::path(program))
            .expect("the program")
            .len();
        #[expect(clippy::cast_precision_loss, reason = "a size in megabytes")]
        let megabytes = bytes as f64 / 1e6;
        report.bounded(&format!("size of {program}"), megabytes, 40.0, "MB");
    }

    let mut longshore = Longshore::start().await;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(longshore.restart().await);
    }
    let start = median(&starts).as_secs_f64();
    report.bounded(
        "start to /readyz, existing cluster, median",
        start,
        3.0,
        "s",
    );

    tokio::time::sleep(QUIET).await;
    let folder = longshore.folder();
    let server = Process::find(folder, "longshore", &["serve"]);
    let agent = Process::find(folder, "longshore-agent", &[]);
    let supervisor = Process::find(folder, "longshore", &["up"]);
    report.value("server, PSS after two minutes", server.megabytes(), "MB");
    report.value("agent, PSS after two minutes", agent.megabytes(), "MB");
    report.value("supervisor, PSS", supervisor.megabytes(), "MB");
    report.bounded(
        "server + agent, PSS after two minutes",
        server.megabytes() + agent.megabytes(),
        60.0,
        "MB",
    );
    let before = server.seconds() + agent.seconds();
    tokio::time::sleep(WINDOW).await;
    let used = server.seconds() + agent.seconds() - before;
    let percent = used / WINDOW.as_secs_f64() * 100.0;
    report.bounded(
        "server + agent, share of one core while idle",
        percent,
        0.1,
        "%",
    );
}
