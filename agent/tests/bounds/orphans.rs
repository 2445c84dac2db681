use std::fs;
use std::sync::Arc;
use std::time::Duration;

use longshore_testkit::engine::daemon;
use longshore_testkit::wait;

use super::site::{Site, read};

/// The processes of this engine's build steps.
fn processes(site: &Site) -> Vec<i32> {
    let Ok(steps) = fs::read_dir(site.cgroup_file("pids", "")) else {
        return Vec::new();
    };
    steps
        .flatten()
        .map(|step| read(step.path().join("cgroup.procs")))
        .flat_map(|text| {
            text.lines()
                .filter_map(|line| line.parse().ok())
                .collect::<Vec<i32>>()
        })
        .collect()
}

/// Whether a step's own program runs, and not still what prepares it.
fn is_asleep(site: &Site) -> bool {
    processes(site)
        .iter()
        .any(|pid| read(format!("/proc/{pid}/comm")) == "sleep")
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait::until(what, Duration::from_secs(60), || {
        let is_so = is_so();
        async move { is_so.then_some(()) }
    })
    .await;
}

/// Kills dockerd and starts it again as it was.
fn kill_dockerd(site: &Site) {
    let killed = daemon::kill();
    let survivors = processes(site);
    assert!(!survivors.is_empty(), "a build's step should live on");
    killed.start_again();
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_outlived_their_dockerd_are_ended_and_others_are_not() {
    let site = Arc::new(Site::new(&[]).await);
    let builder = Arc::clone(&site);
    let lost =
        tokio::spawn(async move { builder.build(1, "FROM busybox\nRUN sleep 1001\n").await });
    until("the step works", || is_asleep(&site)).await;
    kill_dockerd(&site);
    assert!(lost.await.unwrap().is_err());
    let orphans = processes(&site);
    assert!(!orphans.is_empty());

    // A build of the new dockerd works on while the orphans are ended.
    let builder = Arc::clone(&site);
    let mark = site.run.name().to_owned();
    let living = tokio::spawn(async move {
        let dockerfile = format!("FROM busybox\nRUN echo {mark}; sleep 4\n");
        builder.build(2, &dockerfile).await
    });
    until("the orphans are gone", || {
        let now = processes(&site);
        orphans.iter().all(|pid| !now.contains(pid))
    })
    .await;
    until("the new step works", || is_asleep(&site)).await;
    let working = processes(&site);
    site.host.guard().await;
    assert!(processes(&site).iter().any(|pid| working.contains(pid)));
    living.await.unwrap().unwrap();
}
