//! What has served its time goes; what is live or kept stays.

use longshore_control::work::{LogStream, RecordedEvent, RecordedKind, Retention};
use longshore_control::*;
use longshore_domain::DeploymentId;
use sqlx::PgPool;
use time::Duration;
use uuid::Uuid;

use crate::world::*;

const RETENTION: Retention = Retention {
    log_days: 30,
    delivery_days: 30,
};

async fn log(world: &World, id: DeploymentId, worker: Uuid) {
    let event = RecordedEvent {
        sequence: 1,
        at: world.clock.now(),
        kind: RecordedKind::Line {
            stream: LogStream::Stdout,
            text: "a line".to_owned(),
        },
    };
    world
        .control
        .record_events(id, worker, vec![event])
        .await
        .unwrap();
}

/// A deployment with a line of log; when it is not to be live it fails.
async fn logged(world: &World, service: longshore_domain::ServiceId, live: bool) -> DeploymentId {
    let id = world.deploy(service).await.id;
    let worker = Uuid::now_v7();
    let claimed = world.control.claim(worker, LEASE).await.unwrap().unwrap();
    assert_eq!(claimed.id, id);
    log(world, id, worker).await;
    let outcome = if live {
        work::Outcome::Live {
            image: "web".to_owned(),
            digest: format!("sha256:{:064}", claimed.number),
        }
    } else {
        work::Outcome::Cancelled
    };
    world.control.finish(id, worker, outcome).await.unwrap();
    id
}

async fn has_log(world: &World, id: DeploymentId) -> bool {
    let tail = world.control.log_tail(&world.owner, id, 10).await.unwrap();
    !tail.is_empty()
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn logs_go_with_age_but_never_those_of_live_or_kept_versions(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let ended = logged(&world, service, false).await;
    let mut live = Vec::new();
    // The live one, the ten that are kept, and one that is not kept any more.
    for _ in 0..12 {
        live.push(logged(&world, service, true).await);
    }
    let report = world.control.upkeep(RETENTION).await.unwrap();
    assert_eq!(report.log_chunks, 0, "nothing is old yet");

    sqlx::query("UPDATE deployments SET ended_at = $1")
        .bind(world.clock.now() - Duration::days(31))
        .execute(&world.pool)
        .await
        .unwrap();
    let recent = logged(&world, service, false).await;
    let report = world.control.upkeep(RETENTION).await.unwrap();
    assert_eq!(report.log_chunks, 2);
    assert!(!report.is_full());
    assert!(!has_log(&world, ended).await, "an old failure's log goes");
    assert!(!has_log(&world, live[0]).await, "it is not kept any more");
    for id in &live[1..] {
        assert!(has_log(&world, *id).await, "it is live or kept");
    }
    assert!(has_log(&world, recent).await, "it is not old");
    let bytes: i64 = sqlx::query_scalar("SELECT log_bytes FROM deployments WHERE id = $1")
        .bind(ended.0)
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(bytes, 0);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn old_webhooks_and_ended_sessions_go_in_batches(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    world
        .control
        .make_hook(&world.owner, service)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO deliveries (id, team_id, hook_id, service_id, provider, delivery_key, event,
                                 decision, reason, received_at)
         SELECT gen_random_uuid(), h.team_id, h.id, h.service_id, 'github', n::text, 'push',
                'ignored', '', $1::timestamptz - make_interval(days => n / 10)
         FROM hooks h, generate_series(1, 1000) n",
    )
    .bind(world.clock.now())
    .execute(&world.pool)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO sessions (id_hash, data, expires_at)
         SELECT sha256(n::text::bytea), '{}', now() + make_interval(hours => n) - interval '3 hours'
         FROM generate_series(1, 5) n",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let first = world.control.upkeep(RETENTION).await.unwrap();
    assert_eq!((first.deliveries, first.is_full()), (500, true));
    assert_eq!(first.sessions, 3);
    let second = world.control.upkeep(RETENTION).await.unwrap();
    assert!((1..500).contains(&second.deliveries) && !second.is_full());
    let oldest: i64 = sqlx::query_scalar("SELECT count(*) FROM deliveries WHERE received_at < $1")
        .bind(world.clock.now() - Duration::days(30))
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(oldest, 0);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM deliveries")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let removed = first.deliveries + second.deliveries;
    assert_eq!(left.cast_unsigned(), 1000 - removed);
}
