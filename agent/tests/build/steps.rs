use std::time::{Duration, Instant};

use longshore_agent::stage::StageError;
use longshore_testkit::wait;

use super::Bench;

#[tokio::test]
async fn a_build_streams_its_steps_and_gives_a_tagged_image() {
    let bench =
        Bench::new("FROM busybox\nCOPY a /a\nRUN echo hello && echo oops >&2 && echo 1 > /b\n")
            .await;
    bench.write("a", &bench.run.name().repeat(100));
    let image = bench.build(1).await.unwrap();
    assert_eq!(image.tag, bench.tag(1));
    assert!(
        image.digest.starts_with("sha256:") && image.size_bytes > 0,
        "{image:?}"
    );
    assert!(!image.reused);
    assert_eq!(bench.read(&image, "/b").await, "1\n");
    let said = bench.said();
    for part in [
        "[2/3] COPY a /a",
        "[3/3] RUN echo hello",
        " hello",
        " oops",
        " DONE ",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let inspected = bench.docker.inspect_image(&bench.tag(1)).await.unwrap();
    assert_eq!(inspected.id, Some(image.digest));
}

#[tokio::test]
async fn target_arguments_and_a_dockerfile_elsewhere_are_honoured() {
    let mut bench = Bench::new("FROM scratch\n").await;
    bench.write(
        "docker/other",
        "FROM busybox AS first\nARG WHO=nobody\nRUN echo $WHO > /who\nFROM first\nRUN exit 1\n",
    );
    bench.write("app/main", "x");
    bench.build.path = "docker/other".parse().unwrap();
    bench.build.context = "app".parse().unwrap();
    bench.build.target = Some("first".to_owned());
    let who = format!("{} = 'ä'", bench.run.name());
    bench.build.args = [("WHO".parse().unwrap(), who.clone())].into();
    let image = bench.build(1).await.unwrap();
    assert_eq!(bench.read(&image, "/who").await, format!("{who}\n"));
}

#[tokio::test]
async fn ignored_files_do_not_reach_the_build() {
    let bench = Bench::new("FROM busybox\nCOPY . /ctx\nRUN ls -a /ctx > /list\n").await;
    bench.write(".dockerignore", "**/*.log\n!keep.log\nsecret\n");
    for name in ["a.log", "keep.log", "secret/key", "src/b.log", "src/main"] {
        bench.write(name, name);
    }
    let image = bench.build(1).await.unwrap();
    let list = bench.read(&image, "/list").await;
    assert!(list.contains("keep.log") && list.contains("src"), "{list}");
    assert!(
        !list.contains("secret") && !list.contains("a.log"),
        "{list}"
    );
}

#[tokio::test]
async fn a_syntax_line_needs_no_registry() {
    let bench = Bench::new("# syntax=docker/dockerfile:1\nFROM busybox\nRUN echo x > /x\n").await;
    let image = bench.build(1).await.unwrap();
    assert_eq!(bench.read(&image, "/x").await, "x\n");
}

#[tokio::test]
async fn unchanged_steps_come_from_the_cache_and_clear_cache_runs_them() {
    let bench = Bench::new("FROM busybox\nCOPY a /a\nRUN echo $RANDOM$RANDOM > /b\n").await;
    bench.write("a", bench.run.name());
    let first = bench.build_tree(1, "one", false).await.unwrap();
    bench.write(
        "Dockerfile",
        "FROM busybox\nCOPY a /a\nRUN echo $RANDOM$RANDOM > /b\nENV X=1\n",
    );
    let second = bench.build_tree(2, "two", false).await.unwrap();
    assert!(bench.said().contains("CACHED"), "{}", bench.said());
    let number = bench.read(&first, "/b").await;
    assert_eq!(bench.read(&second, "/b").await, number);
    let third = bench.build_tree(3, "two", true).await.unwrap();
    assert_ne!(bench.read(&third, "/b").await, number);
    assert!(!third.reused);
}

#[tokio::test]
async fn cancelling_ends_the_steps_process() {
    // busybox's sleep takes the number as written, so that it can be found.
    let bench = Bench::new("FROM busybox\nRUN sleep 4242.5\n").await;
    bench.write(
        "Dockerfile",
        &format!(
            "FROM busybox\nENV RUN={}\nRUN sleep 4242\n",
            bench.run.name()
        ),
    );
    let cancel = async {
        wait::until("the step", Duration::from_mins(1), || async {
            sleeps().then_some(())
        })
        .await;
        bench.cancel.cancel();
        Instant::now()
    };
    let (result, since) = tokio::join!(bench.build(1), cancel);
    assert_eq!(result.unwrap_err(), StageError::Cancelled);
    assert!(since.elapsed() < Duration::from_secs(2));
    wait::until("the step's end", Duration::from_secs(5), || async {
        (!sleeps()).then_some(())
    })
    .await;
}

/// Whether a process `sleep 4242` runs on the machine.
fn sleeps() -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline")).is_ok_and(|line| {
            line.split(|byte| *byte == 0)
                .collect::<Vec<_>>()
                .starts_with(&[b"sleep", b"4242"])
        })
    })
}

#[tokio::test]
async fn a_large_context_is_streamed() {
    let bench = Bench::new("FROM busybox\nCOPY large /large\nRUN wc -c < /large > /size\n").await;
    let file = std::fs::File::create(bench.checkout.path().join("large")).unwrap();
    file.set_len(64 * 1024 * 1024).unwrap();
    let image = bench.build(1).await.unwrap();
    assert_eq!(bench.read(&image, "/size").await.trim(), "67108864");
}

#[tokio::test]
async fn output_without_end_neither_stalls_nor_grows() {
    let script = "FROM busybox\nRUN yes 0123456789012345678901234567890123456789 | head -n 20000; head -c 100000 /dev/zero | tr '\\0' x\n";
    let bench = Bench::new(script).await;
    bench.build_tree(1, "t", true).await.unwrap();
    assert!(
        bench
            .lines
            .0
            .lock()
            .unwrap()
            .iter()
            .all(|line| line.len() < 20_000)
    );
}
