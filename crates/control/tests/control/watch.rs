//! Going back by itself.

use std::time::Duration;

use longshore_control::work::{Answer, LastLine, LogStream};
use longshore_control::*;
use longshore_domain::run::RunSettings;
use longshore_domain::{Cause, DeploymentId, DeploymentStatus, Failure, FailureKind, ServiceId};
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::world::World;

fn seen() -> (Failure, Vec<LastLine>) {
    let failure = Failure::new(None, FailureKind::CrashLoop, "It ended with hunter22.");
    let line = LastLine {
        at: OffsetDateTime::UNIX_EPOCH,
        stream: LogStream::Stderr,
        text: "the password is hunter22".to_owned(),
    };
    (failure, vec![line])
}

async fn show(world: &World, id: DeploymentId) -> DeploymentView {
    world
        .control
        .show_deployment(&world.owner, id)
        .await
        .unwrap()
}

async fn watch(world: &World, service: ServiceId, seconds: u32) {
    let run = RunSettings {
        watch_seconds: seconds,
        ..RunSettings::default()
    };
    let patch = AppPatch {
        run: Some(run),
        ..AppPatch::default()
    };
    world
        .control
        .update_app(&world.owner, service, patch)
        .await
        .unwrap();
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_failing_version_gives_way_to_the_one_before_once(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let control = &world.control;
    let scope = VariableScope::Service(service);
    world.set(scope, "PASSWORD", "hunter22", true).await;
    world.deploy_live(service).await;
    let bad = world.deploy_live(service).await;
    assert!(bad.watch_until.is_some());
    let watched = control.watched().await.unwrap();
    let numbers: Vec<i32> = watched.iter().map(|watched| watched.number).collect();
    assert_eq!(numbers, [2], "only what is live is watched");

    // Two servers see it in the same moment.
    let (one, other) = tokio::join!(
        control.answer_failure(bad.id, Some(seen())),
        control.answer_failure(bad.id, Some(seen()))
    );
    let answers = [one.unwrap(), other.unwrap()];
    let back = answers.iter().find_map(|answer| match answer {
        Answer::RollsBack(id) => Some(*id),
        _ => None,
    });
    assert!(answers.contains(&Answer::Over), "{answers:?}");
    let back = show(&world, back.expect("a way back")).await;
    assert_eq!(back.number, 3);
    let Cause::AutomaticRollback { to, from, reason } = &back.cause else {
        panic!("{:?}", back.cause);
    };
    assert_eq!((*to, *from), (1, 2));
    assert_eq!(reason, "It ended with [redacted].");
    assert_eq!(back.requested_by, None);

    let bad = show(&world, bad.id).await;
    assert_eq!(bad.status, DeploymentStatus::Live, "until it is replaced");
    let failure = bad.failure.expect("a failure");
    assert_eq!(failure.kind, FailureKind::CrashLoop);
    let log = control.log_tail(&world.owner, bad.id, 10).await.unwrap();
    let log: Vec<&str> = log.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        log,
        [
            "It ended with [redacted].",
            "The container's last lines:",
            "the password is [redacted]",
            "Going back to #1 by itself, as #3."
        ]
    );

    world.work_until_live().await;
    let bad = show(&world, bad.id).await;
    assert_eq!(bad.status, DeploymentStatus::Failed);
    assert!(!bad.can_roll_back, "nobody shall go back to it");

    // What came back by itself does not go by itself.
    let answer = control.answer_failure(back.id, Some(seen())).await.unwrap();
    assert_eq!(answer, Answer::Stays);
    let back = show(&world, back.id).await;
    assert_eq!(back.status, DeploymentStatus::Live);
    assert!(back.failure.is_some());
    assert_eq!(control.watched().await.unwrap().len(), 0);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn without_an_earlier_version_the_failure_is_told(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let only = world.deploy_live(service).await;
    let answer = world
        .control
        .answer_failure(only.id, Some(seen()))
        .await
        .unwrap();
    assert_eq!(answer, Answer::Stays);
    let again = world
        .control
        .answer_failure(only.id, Some(seen()))
        .await
        .unwrap();
    assert_eq!(again, Answer::Over);
    let only = show(&world, only.id).await;
    assert_eq!(only.status, DeploymentStatus::Live);
    assert!(
        only.failure
            .is_some_and(|failure| failure.kind == FailureKind::CrashLoop)
    );
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_newer_deployment_comes_first(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let control = &world.control;
    world.deploy_live(service).await;
    let bad = world.deploy_live(service).await;
    let fix = world.deploy(service).await;
    let answer = control.answer_failure(bad.id, Some(seen())).await.unwrap();
    assert_eq!(answer, Answer::Waits);
    assert!(control.watched().await.unwrap()[0].has_failed);
    // The fix does not come about: then the version before does.
    control
        .cancel_deployment(&world.owner, fix.id)
        .await
        .unwrap();
    let answer = control.answer_failure(bad.id, None).await.unwrap();
    assert!(matches!(answer, Answer::RollsBack(_)), "{answer:?}");
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_way_back_passes_over_versions_that_failed(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let control = &world.control;
    let good = world.deploy_live(service).await;
    control.watch_passed(good.id).await.unwrap();
    // Replaced before it could prove itself.
    world.deploy_live(service).await;
    let bad = world.deploy_live(service).await;
    let answer = control.answer_failure(bad.id, Some(seen())).await.unwrap();
    let Answer::RollsBack(back) = answer else {
        panic!("{answer:?}");
    };
    let cause = show(&world, back).await.cause;
    assert!(
        matches!(cause, Cause::AutomaticRollback { to: 1, .. }),
        "{cause:?}"
    );
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_watch_ends_can_last_longer_and_can_be_off(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let control = &world.control;
    watch(&world, service, 5).await;
    let first = world.deploy_live(service).await;
    control
        .prolong_watch(first.id, Duration::from_mins(10))
        .await
        .unwrap();
    let watched = control.watched().await.unwrap();
    assert!(watched[0].until - watched[0].now > Duration::from_mins(9));
    // Stopping it is no failure; it is not even looked at.
    control
        .set_stopped(&world.owner, service, true)
        .await
        .unwrap();
    assert_eq!(control.watched().await.unwrap().len(), 0);
    control
        .set_stopped(&world.owner, service, false)
        .await
        .unwrap();
    control.watch_passed(first.id).await.unwrap();
    assert_eq!(control.watched().await.unwrap().len(), 0);
    let late = control
        .answer_failure(first.id, Some(seen()))
        .await
        .unwrap();
    assert_eq!(late, Answer::Over);

    watch(&world, service, 0).await;
    let second = world.deploy_live(service).await;
    assert_eq!(second.watch_until, None);
    assert_eq!(control.watched().await.unwrap().len(), 0);
}
