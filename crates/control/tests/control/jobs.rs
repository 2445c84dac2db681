//! Commands that run once.

use longshore_control::store::jobs::JobEnd;
use longshore_control::*;
use sqlx::PgPool;

use crate::world::{World, fields};

fn command(words: &[&str]) -> JobDraft {
    JobDraft {
        command: words.iter().map(|&word| word.to_owned()).collect(),
        timeout_seconds: 60,
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_job_runs_in_the_live_version_and_is_remembered(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let (control, actor) = (&world.control, &world.developer);
    let ask = async |draft: JobDraft| control.request_job(actor, app.id, draft).await;
    let early = ask(command(&["true"])).await;
    assert!(matches!(early, Err(ControlError::Refused { .. })));
    world
        .set(VariableScope::Service(app.id), "TOKEN", "very secret", true)
        .await;
    world.deploy_live(app.id).await;
    assert_eq!(fields(ask(command(&[])).await), ["command"]);
    let endless = JobDraft {
        timeout_seconds: 100_000,
        ..command(&["true"])
    };
    assert_eq!(fields(ask(endless).await), ["timeout_seconds"]);
    let denied = control
        .request_job(&world.viewer, app.id, command(&["true"]))
        .await;
    assert!(matches!(denied, Err(ControlError::Forbidden { .. })));

    let job = ask(command(&["echo", "a b"])).await.unwrap();
    assert_eq!((job.status.as_str(), job.exit_code), ("queued", None));
    let work = control.unfinished_jobs().await.unwrap().remove(0);
    assert_eq!(work.command, ["echo", "a b"]);
    let version = control.version_for_job(&work).await.unwrap().unwrap();
    assert_eq!(version.number, 1);
    assert_eq!(version.variables.len(), 1);
    control.note_job(&work, "so far very secret").await.unwrap();
    let seen = control.show_job(actor, job.id).await.unwrap();
    assert_eq!(
        (seen.status.as_str(), seen.log.as_str()),
        ("running", "so far [redacted]")
    );
    let end = JobEnd {
        status: "failed",
        exit_code: Some(3),
        log: Some("x".repeat(400_000)),
        message: None,
    };
    control.finish_job(&work, end.clone()).await.unwrap();
    // A second end changes nothing.
    let other = JobEnd {
        status: "succeeded",
        ..end
    };
    control.finish_job(&work, other).await.unwrap();
    let seen = control.show_job(actor, job.id).await.unwrap();
    assert_eq!((seen.status.as_str(), seen.exit_code), ("failed", Some(3)));
    assert!(seen.log.len() < 300_000 && seen.log.starts_with("[the beginning"));
    let ended = control.cancel_job(actor, job.id).await;
    assert!(matches!(ended, Err(ControlError::Refused { .. })));
    assert!(control.show_job(&world.stranger, job.id).await.is_err());

    for _ in 0..5 {
        ask(command(&["true"])).await.unwrap();
    }
    let sixth = ask(command(&["true"])).await;
    assert!(matches!(sixth, Err(ControlError::Refused { .. })));
    let jobs = control.list_jobs(actor, app.id).await.unwrap();
    assert_eq!(jobs.len(), 6);
    control.cancel_job(actor, jobs[0].id).await.unwrap();
    let unfinished = control.unfinished_jobs().await.unwrap();
    assert_eq!(
        unfinished.iter().filter(|job| job.cancel_requested).count(),
        1
    );
}
