//! Release commands.

use longshore_agent::stage::StageError;
use longshore_agent_api::DeployJob;
use longshore_domain::FailureKind;

use super::world::{SECOND, World, job, run};

async fn leftovers(world: &World) -> String {
    let label = format!("label={}.role=release", world.config.instance);
    run("docker", &["ps", "--all", "--quiet", "--filter", &label])
        .await
        .1
}

#[tokio::test]
async fn a_release_command_runs_with_the_variables_and_leaves_nothing() {
    let world = World::with_engine().await;
    let mut job = job(&["true"], None);
    job.variables
        .insert("COLOUR".parse().unwrap(), "green".into());
    job.release_command = Some(
        ["sh", "-c", "echo migrating $COLOUR"]
            .map(str::to_owned)
            .into(),
    );
    world
        .engine
        .release(&world.context, &job, "busybox:latest")
        .await
        .unwrap();
    assert!(world.said().contains("migrating green"), "{}", world.said());
    // Its container keeps the command from running once more, until the start.
    assert_ne!(leftovers(&world).await, "");
    world.start(&job, "busybox:latest").await.unwrap_err();
    assert_eq!(leftovers(&world).await, "");
}

#[tokio::test]
async fn a_release_command_that_fails_fails_the_deployment() {
    let world = World::with_engine().await;
    let mut job = job(&["true"], None);
    job.release_command = Some(
        ["sh", "-c", "echo broken >&2; exit 4"]
            .map(str::to_owned)
            .into(),
    );
    let result = world
        .engine
        .release(&world.context, &job, "busybox:latest")
        .await;
    let Err(StageError::Failed { kind, message }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(kind, FailureKind::ReleaseFailed);
    assert!(message.contains("exit code 4"), "{message}");
    assert!(world.said().contains("broken"));
    world.engine.remove_version(job.service, 1).await.unwrap();
    assert_eq!(leftovers(&world).await, "");
}

fn releasing(script: &str) -> DeployJob {
    let mut job = job(&["true"], None);
    job.release_command = Some(["sh", "-c", script].map(str::to_owned).into());
    job
}

#[tokio::test]
async fn a_release_that_an_agent_left_running_is_waited_for() {
    let world = World::with_engine().await;
    let job = releasing("echo begun; sleep 4; echo ended");
    let begin = world.engine.release(&world.context, &job, "busybox:latest");
    // The agent goes away in the middle of it.
    assert!(tokio::time::timeout(2 * SECOND, begin).await.is_err());
    let first = leftovers(&world).await;
    assert_ne!(first, "");
    world
        .engine
        .release(&world.context, &job, "busybox:latest")
        .await
        .unwrap();
    assert_eq!(leftovers(&world).await, first, "it ran a second time");
    assert!(world.said().contains("ended"), "{}", world.said());
    // Even when its end was not noted.
    world
        .engine
        .release(&world.context, &job, "busybox:latest")
        .await
        .unwrap();
    assert_eq!(leftovers(&world).await, first, "it ran a third time");
}

#[tokio::test]
async fn releases_of_one_service_do_not_run_at_the_same_time() {
    let world = World::with_engine().await;
    let first = releasing("sleep 600");
    let begin = world
        .engine
        .release(&world.context, &first, "busybox:latest");
    assert!(tokio::time::timeout(2 * SECOND, begin).await.is_err());
    let before = leftovers(&world).await;
    let mut second = releasing("true");
    second.service = first.service;
    second.environment = first.environment;
    second.number = 2;
    world
        .engine
        .release(&world.context, &second, "busybox:latest")
        .await
        .unwrap();
    assert!(!leftovers(&world).await.contains(&before));
}
