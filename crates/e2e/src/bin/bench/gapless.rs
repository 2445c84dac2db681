//! Twenty deployments under load.

use longshore_e2e::gapless::{Parameters, gapless};
use longshore_e2e::longshore::Longshore;

use crate::measure::median;
use crate::report::Report;

/// What fails, and what visitors feel, while versions change.
pub async fn run(report: &mut Report) {
    let longshore = Longshore::start().await;
    let api = longshore.api();
    let seen = gapless(&longshore, &api, &Parameters::full()).await;
    let load = &seen.load;
    report.note(&load.to_string());
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    {
        report.value("requests answered", load.answered as f64, "");
        report.value("WebSocket sessions", load.websockets as f64, "");
        report.value("requests of two seconds", load.slow as f64, "");
        report.bounded(
            "requests and sessions that failed",
            load.failures() as f64,
            0.0,
            "",
        );
    }
    for (name, share) in [("median", 0.5), ("99th percentile", 0.99), ("longest", 1.0)] {
        let time = load.percentile(share).as_secs_f64() * 1000.0;
        report.value(&format!("answer, {name}"), time, "ms");
    }
    let deploy = median(&seen.deploys).as_secs_f64();
    report.value("deployment under load, median of 20", deploy, "s");
}
