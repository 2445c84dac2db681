use longshore_agent::stage::StageError;
use longshore_domain::FailureKind;

use super::site::{Site, is_unified, read};

const SMALL: [&str; 3] = [
    "--build-memory=200MiB",
    "--build-cpu-percent=50",
    "--build-pids=300",
];

fn failure<T: std::fmt::Debug>(result: Result<T, StageError>) -> (FailureKind, String) {
    match result {
        Err(StageError::Failed { kind, message }) => (kind, message),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn limits_hold_for_all_builds_and_are_set_again() {
    let site = Site::new(&SMALL).await;
    site.host.guard().await;
    let memory = if is_unified() {
        site.cgroup_file("memory", "memory.max")
    } else {
        site.cgroup_file("memory", "memory.limit_in_bytes")
    };
    assert_eq!(read(&memory), (200 * 1024 * 1024).to_string());
    assert_eq!(read(site.cgroup_file("pids", "pids.max")), "300");
    let cores = std::thread::available_parallelism().unwrap().get();
    let quota = if is_unified() {
        read(site.cgroup_file("cpu", "cpu.max"))
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    } else {
        assert_eq!(read(site.cgroup_file("cpu", "cpu.shares")), "256");
        read(site.cgroup_file("cpu", "cpu.cfs_quota_us"))
    };
    assert_eq!(quota, (cores * 50_000).to_string());

    let undone = if is_unified() { "max" } else { "-1" };
    std::fs::write(site.cgroup_file("pids", "pids.max"), "max").unwrap();
    if !is_unified() {
        let with_swap = site.cgroup_file("memory", "memory.memsw.limit_in_bytes");
        std::fs::write(with_swap, undone).unwrap();
    }
    std::fs::write(&memory, undone).unwrap();
    let built = site.build(1, "FROM busybox\nRUN echo built\n").await;
    assert!(built.is_ok(), "{built:?}");
    assert_eq!(read(site.cgroup_file("pids", "pids.max")), "300");
    assert_eq!(read(&memory), (200 * 1024 * 1024).to_string());
}

#[tokio::test]
async fn a_build_cannot_have_more_processes_than_it_may() {
    let site = Site::new(&["--build-pids=40"]).await;
    let fork = "for i in $(seq 100); do sleep 5 & done; wait";
    let (kind, message) = failure(site.build(1, &format!("FROM busybox\nRUN {fork}\n")).await);
    assert_eq!(kind, FailureKind::BuildFailed, "{message}");
}

#[tokio::test]
async fn a_build_that_needs_too_much_memory_says_so() {
    let site = Site::new(&SMALL).await;
    let (kind, message) = failure(site.build(1, "FROM busybox\nRUN tail /dev/zero\n").await);
    assert_eq!(kind, FailureKind::OutOfMemory, "{message}");
    assert!(message.contains("may use 209.7 MB"), "{message}");
}

#[tokio::test]
async fn a_step_whose_child_was_killed_says_so_too() {
    let site = Site::new(&SMALL).await;
    let step = "tail /dev/zero || exit 7";
    let (kind, message) = failure(site.build(1, &format!("FROM busybox\nRUN {step}\n")).await);
    assert_eq!(kind, FailureKind::OutOfMemory, "{message}");
    assert!(message.contains("tail /dev/zero"), "{message}");
}

#[tokio::test]
async fn a_step_that_only_fills_the_page_cache_is_not_out_of_memory() {
    let site = Site::new(&SMALL).await;
    let step = "dd if=/dev/zero of=/big bs=1M count=400; exit 7";
    let (kind, message) = failure(site.build(1, &format!("FROM busybox\nRUN {step}\n")).await);
    assert_eq!(kind, FailureKind::BuildFailed, "{message}");
    assert!(message.contains("exit code 7"), "{message}");
}
