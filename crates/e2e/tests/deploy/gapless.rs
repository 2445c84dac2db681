//! Versions change under load, and no client notices.
//!
//! Runs alone: the time of answers is measured.

use std::time::Duration;

use longshore_e2e::gapless::{Parameters, gapless};
use longshore_e2e::longshore::Longshore;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_slow_request_or_websocket_is_lost_over_three_deployments() {
    let longshore = Longshore::start_alone().await;
    let api = longshore.api();
    let report = gapless(&longshore, &api, &Parameters::bounded()).await;
    eprintln!("{}; deployments {:.1?}", report.load, report.deploys);
    assert_eq!(report.load.failures(), 0, "{}", report.load);
    assert_eq!(report.versions, 4, "{:?}", report.load.texts);
    assert!(report.load.answered > 1_000, "{}", report.load);
    assert!(report.load.websockets > 5, "{}", report.load);
    assert!(report.load.slow > 5, "{}", report.load);
    assert!(report.load.percentile(0.99) < Duration::from_secs(2));
}
