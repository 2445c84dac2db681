use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use longshore_testkit::wait;

use super::site::{Site, cgroup_file, read};

/// The processes of this engine's build steps.
fn processes() -> Vec<i32> {
    let Ok(steps) = fs::read_dir(cgroup_file("pids", "")) else {
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
fn is_asleep() -> bool {
    processes()
        .iter()
        .any(|pid| read(format!("/proc/{pid}/comm")) == "sleep")
}

fn dockerd() -> Option<i32> {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|pid| {
            let directory = Path::new("/proc").join(format!("{pid}"));
            read(directory.join("comm")) == "dockerd"
                && !read(directory.join("cmdline")).is_empty()
                && !read(directory.join("cgroup")).contains("buildkit")
        })
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait::until(what, Duration::from_secs(60), || {
        let is_so = is_so();
        async move { is_so.then_some(()) }
    })
    .await;
}

/// Kills dockerd and starts it again as it was.
async fn kill_dockerd(site: &Site) {
    let pid = dockerd().unwrap();
    let command: Vec<String> = fs::read_to_string(format!("/proc/{pid}/cmdline"))
        .unwrap()
        .split_terminator('\0')
        .map(str::to_owned)
        .collect();
    let killed = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    until("dockerd has ended", || dockerd() != Some(pid)).await;
    let survivors = processes();
    assert!(!survivors.is_empty(), "a build's step should live on");
    // It serves the tests after this one too, so its log goes on.
    let log = command
        .iter()
        .position(|argument| argument == "--config-file")
        .map(|at| Path::new(&command[at + 1]).with_file_name("dockerd.log"));
    let log = File::options().append(true).open(log.unwrap()).unwrap();
    Command::new("setsid")
        .arg("--fork")
        .args(&command)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .status()
        .unwrap();
    let docker = site.engine.docker();
    wait::until("dockerd answers", Duration::from_secs(60), async || {
        docker.ping().await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_outlived_their_dockerd_are_ended_and_others_are_not() {
    let site = Arc::new(Site::new(&[]).await);
    let builder = Arc::clone(&site);
    let lost =
        tokio::spawn(async move { builder.build(1, "FROM busybox\nRUN sleep 1001\n").await });
    until("the step works", is_asleep).await;
    kill_dockerd(&site).await;
    assert!(lost.await.unwrap().is_err());
    let orphans = processes();
    assert!(!orphans.is_empty());

    // A build of the new dockerd works on while the orphans are ended.
    let builder = Arc::clone(&site);
    let mark = site.run.name().to_owned();
    let living = tokio::spawn(async move {
        let dockerfile = format!("FROM busybox\nRUN echo {mark}; sleep 4\n");
        builder.build(2, &dockerfile).await
    });
    until("the orphans are gone", || {
        let now = processes();
        orphans.iter().all(|pid| !now.contains(pid))
    })
    .await;
    until("the new step works", is_asleep).await;
    let working = processes();
    site.host.guard().await;
    assert!(processes().iter().any(|pid| working.contains(pid)));
    living.await.unwrap().unwrap();
}
