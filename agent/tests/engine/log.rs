//! What containers write.

use futures_util::StreamExt;
use longshore_agent_api::ContainerLine;
use tokio::sync::Notify;

use super::world::{SECOND, World, container, job, run};

#[tokio::test]
async fn the_log_goes_on_over_the_replacement_of_a_container() {
    let world = World::with_engine().await;
    let job = job(
        &[
            "sh",
            "-c",
            "echo hello from $(hostname); echo bad >&2; exec sleep 600",
        ],
        None,
    );
    world.start(&job, "busybox:latest").await.unwrap();
    let mut log = world
        .engine
        .container_log(job.service, None, 10, true)
        .await
        .unwrap();
    let mut lines: Vec<ContainerLine> = Vec::new();
    let first = container(&world, &job).await;
    let has_line = Notify::new();
    let read = async {
        while lines
            .iter()
            .filter(|line| line.text.starts_with("hello"))
            .count()
            < 2
        {
            lines.push(log.next().await.expect("another line"));
            has_line.notify_one();
        }
    };
    let kill = async {
        has_line.notified().await;
        run("docker", &["kill", &first]).await;
    };
    tokio::time::timeout(30 * SECOND, async { tokio::join!(read, kill) })
        .await
        .expect("the second container's lines");
    let whole = world
        .engine
        .container_log(job.service, Some(1), 10, false)
        .await
        .unwrap();
    let whole: Vec<ContainerLine> = whole.collect().await;
    assert!(whole.len() >= 3, "{whole:?}");
    assert!(whole.is_sorted_by_key(|line| line.at));
    let last = world
        .engine
        .container_log(job.service, None, 1, false)
        .await
        .unwrap();
    assert_eq!(last.count().await, 1);
}
