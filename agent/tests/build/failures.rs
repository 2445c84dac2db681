use longshore_domain::FailureKind;

use super::{Bench, exists, failure};

#[tokio::test]
async fn a_failing_step_is_named_with_its_exit_code() {
    let bench = Bench::new("FROM busybox\nRUN echo before\nRUN echo why >&2; exit 3\n").await;
    let (kind, message) = failure(bench.build(1).await);
    assert_eq!(kind, FailureKind::BuildFailed, "{message}");
    assert_eq!(
        message,
        "[3/3] RUN echo why >&2; exit 3 ended with exit code 3."
    );
    assert!(bench.said().contains(" why"), "{}", bench.said());
    assert!(bench.docker.inspect_image(&bench.tag(1)).await.is_err());
}

#[tokio::test]
async fn a_dockerfile_that_is_none_is_named() {
    for text in ["FORM busybox\n", "", "RUN x\n", "\u{0}\u{1}"] {
        let bench = Bench::new(text).await;
        let (kind, message) = failure(bench.build(1).await);
        assert_eq!(kind, FailureKind::BuildFailed, "{text:?}: {message}");
        assert!(message.len() < 500 && !message.contains('\n'), "{message}");
    }
}

#[tokio::test]
async fn a_stage_that_does_not_exist_is_named() {
    let mut bench = Bench::new("FROM busybox AS one\n").await;
    bench.build.target = Some("two".to_owned());
    let (kind, message) = failure(bench.build(1).await);
    assert_eq!(kind, FailureKind::BuildFailed, "{message}");
    assert!(message.contains("two"), "{message}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let bench = Bench::new("FROM busybox\nCOPY nope.txt /\n").await;
    let (kind, message) = failure(bench.build(1).await);
    assert_eq!(kind, FailureKind::BuildFailed, "{message}");
    assert!(message.contains("nope.txt"), "{message}");
}

#[tokio::test]
async fn a_base_image_that_cannot_be_pulled_is_named() {
    let bench = Bench::new("FROM registry.invalid/nope:1\n").await;
    let (kind, message) = failure(bench.build(1).await);
    assert_eq!(kind, FailureKind::ImagePull, "{message}");
    assert!(message.contains("registry.invalid/nope:1"), "{message}");
}

#[tokio::test]
async fn a_syntax_image_that_cannot_be_pulled_is_named() {
    let bench = Bench::new("# syntax=registry.invalid/front:1\nFROM busybox\n").await;
    let (kind, message) = failure(bench.build(1).await);
    assert_eq!(kind, FailureKind::ImagePull, "{message}");
    assert!(message.contains("registry.invalid/front:1"), "{message}");
}

/// A limit for the memory of all builds, taken back when dropped.
struct MemoryLimit(&'static str);

impl MemoryLimit {
    fn set(bytes: u64) -> Self {
        let file = [
            "/sys/fs/cgroup/memory/docker/buildkit/memory.limit_in_bytes",
            "/sys/fs/cgroup/docker/buildkit/memory.max",
        ]
        .into_iter()
        .find(|file| exists(file))
        .unwrap();
        std::fs::write(file, bytes.to_string()).unwrap();
        Self(file)
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        let all = if self.0.ends_with("max") { "max" } else { "-1" };
        let _ = std::fs::write(self.0, all);
    }
}

#[tokio::test]
async fn a_step_that_the_kernel_killed_for_its_memory_says_so() {
    let bench = Bench::new("FROM busybox\nRUN true\n").await;
    bench.build_tree(1, "one", true).await.unwrap();
    bench.write("Dockerfile", "FROM busybox\nRUN tail /dev/zero\n");
    let limit = MemoryLimit::set(200 * 1024 * 1024);
    let result = bench.build_tree(2, "two", false).await;
    drop(limit);
    let (kind, message) = failure(result);
    assert_eq!(kind, FailureKind::OutOfMemory, "{message}");
    assert!(message.contains("RUN tail /dev/zero"), "{message}");
}

#[tokio::test]
async fn a_step_that_finds_the_disk_full_says_so() {
    let step = "--mount=type=tmpfs,target=/t echo 1 > /dev/full";
    let bench = Bench::new(&format!("FROM busybox\nRUN {step}\n")).await;
    let (kind, message) = failure(bench.build(1).await);
    assert_eq!(kind, FailureKind::DiskFull, "{message} {}", bench.said());
}

#[tokio::test]
async fn links_of_the_context_cannot_read_the_machine() {
    let bench = Bench::new("FROM busybox\nCOPY link /copied\nRUN cat /copied > /out\n").await;
    std::os::unix::fs::symlink("/etc/machine-id", bench.checkout.path().join("link")).unwrap();
    match bench.build(1).await {
        Ok(image) => {
            let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
            assert!(!bench.read(&image, "/out").await.contains(machine.trim()));
        }
        Err(error) => assert!(error.to_string().contains("link"), "{error}"),
    }
    assert!(exists("/etc/machine-id"));
}

#[tokio::test]
async fn a_missing_dockerfile_and_context_name_the_field() {
    let mut bench = Bench::new("FROM busybox\n").await;
    bench.build.path = "nope/Dockerfile".parse().unwrap();
    let (kind, message) = failure(bench.build(1).await);
    assert_eq!(kind, FailureKind::PathInvalid);
    assert!(message.starts_with("build.dockerfile.path: "), "{message}");
    bench.build.path = "Dockerfile".parse().unwrap();
    bench.build.context = "nope".parse().unwrap();
    let (_, message) = failure(bench.build(1).await);
    assert!(
        message.starts_with("build.dockerfile.context: "),
        "{message}"
    );
}
