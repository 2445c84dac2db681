//! Release commands.

use longshore_agent::stage::StageError;
use longshore_domain::FailureKind;

use super::world::{World, job, run};

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
    assert_eq!(leftovers(&world).await, "");
}
