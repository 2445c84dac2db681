//! Many requests and many workers at once.

use std::collections::BTreeSet;
use std::time::Duration;

use longshore_control::work::{Outcome, WorkError};
use longshore_control::{DeploymentDraft, Via};
use longshore_domain::{ApiTokenId, Cause, DeploymentStatus, Failure, FailureKind};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use uuid::Uuid;

use crate::world::{LEASE, World};

async fn many(options: PgPoolOptions, connect: PgConnectOptions) -> PgPool {
    options
        .max_connections(16)
        .acquire_timeout(Duration::from_mins(1))
        .connect_with(connect)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn of_32_requests_at_once_the_last_one_waits(
    options: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let world = World::new(many(options, connect).await).await;
    let service = world.app("web").await.id;
    let requests: Vec<_> = (0..32)
        .map(|_| {
            let (control, owner) = (world.control.clone(), world.owner.clone());
            tokio::task::spawn(async move {
                control
                    .request_deployment(&owner, service, DeploymentDraft::default())
                    .await
                    .unwrap()
                    .number
            })
        })
        .collect();
    let mut numbers = BTreeSet::new();
    for request in requests {
        numbers.insert(request.await.unwrap());
    }
    assert_eq!(numbers, (1..=32).collect());
    let page = world
        .control
        .list_deployments(&world.owner, service, longshore_control::Cursor::first(100))
        .await
        .unwrap();
    assert_eq!(page.items.len(), 32);
    for deployment in page.items {
        if deployment.number == 32 {
            assert_eq!(deployment.status, DeploymentStatus::Queued);
        } else {
            assert_eq!(deployment.status, DeploymentStatus::Superseded);
            assert_eq!(deployment.superseded_by, Some(deployment.number + 1));
        }
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn of_32_workers_at_once_each_service_gets_one(
    options: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let world = World::new(many(options, connect).await).await;
    let mut wanted = BTreeSet::new();
    for index in 0..10 {
        let service = world.app(&format!("web-{index}")).await.id;
        wanted.insert(world.deploy(service).await.id);
    }
    let workers: Vec<_> = (0..32)
        .map(|_| {
            let control = world.control.clone();
            tokio::task::spawn(async move {
                let mut taken = Vec::new();
                while let Some(claimed) = control.claim(Uuid::now_v7(), LEASE).await.unwrap() {
                    taken.push(claimed.id);
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for worker in workers {
        taken.extend(worker.await.unwrap());
    }
    // A worker that met another's lock may have gone away: what is left is taken now.
    while let Some(claimed) = world.control.claim(Uuid::now_v7(), LEASE).await.unwrap() {
        taken.push(claimed.id);
    }
    assert_eq!(taken.len(), 10, "none is taken twice");
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), wanted);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn requests_and_workers_at_once_never_break_a_rule(
    options: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let world = World::new(many(options, connect).await).await;
    let service = world.app("web").await.id;
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let (control, owner) = (world.control.clone(), world.owner.clone());
        tasks.push(tokio::task::spawn(async move {
            for _ in 0..4 {
                control
                    .request_deployment(&owner, service, DeploymentDraft::default())
                    .await
                    .unwrap();
            }
        }));
        let control = world.control.clone();
        tasks.push(tokio::task::spawn(async move {
            let worker = Uuid::now_v7();
            for _ in 0..8 {
                if let Some(claimed) = control.claim(worker, LEASE).await.unwrap() {
                    let outcome = Outcome::Live {
                        image: "web:1".to_owned(),
                        digest: "sha256:1".to_owned(),
                    };
                    control.finish(claimed.id, worker, outcome).await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    while world
        .control
        .claim(Uuid::now_v7(), LEASE)
        .await
        .unwrap()
        .is_some()
    {}
    let counts: Vec<(String, i64)> =
        sqlx::query_as("SELECT status, count(*) FROM deployments GROUP BY status")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let of = |name: &str| {
        let found = counts.iter().find(|(status, _)| status == name);
        found.map_or(0, |(_, count)| *count)
    };
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<i64>(), 64);
    assert!(of("live") <= 1);
    assert!(of("fetching") <= 1);
    assert_eq!(of("queued"), 0);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn one_waits_while_another_works(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let first = world.deploy(service).await;
    let worker = Uuid::now_v7();
    let claimed = world.control.claim(worker, LEASE).await.unwrap().unwrap();
    assert_eq!(claimed.id, first.id);
    assert!(!claimed.resumed);

    let second = world.deploy(service).await;
    assert!(world.control.claim(worker, LEASE).await.unwrap().is_none());
    let third = world.deploy(service).await;
    let show = async |id| {
        world
            .control
            .show_deployment(&world.owner, id)
            .await
            .unwrap()
    };
    assert_eq!(show(first.id).await.status, DeploymentStatus::Fetching);
    let overtaken = show(second.id).await;
    assert_eq!(overtaken.status, DeploymentStatus::Superseded);
    assert_eq!(overtaken.superseded_by, Some(third.number));
    assert!(overtaken.ended_at.is_some());

    let failure = Failure::new(None, FailureKind::Timeout, "too\0 slow");
    world
        .control
        .finish(first.id, worker, Outcome::Failed(failure))
        .await
        .unwrap();
    let failed = show(first.id).await.failure.unwrap();
    assert_eq!(failed.kind, FailureKind::Timeout);
    assert_eq!(failed.message, "too slow");
    let next = world.control.claim(worker, LEASE).await.unwrap().unwrap();
    assert_eq!(next.id, third.id);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_oldest_of_all_services_comes_first(pool: PgPool) {
    let world = World::new(pool).await;
    let mut asked = Vec::new();
    for name in ["c", "a", "b"] {
        let service = world.app(name).await.id;
        asked.push(world.deploy(service).await.id);
    }
    let mut taken = Vec::new();
    while let Some(claimed) = world.control.claim(Uuid::now_v7(), LEASE).await.unwrap() {
        taken.push(claimed.id);
    }
    assert_eq!(taken, asked);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn who_takes_the_place_of_a_waiting_one_takes_its_place_in_the_queue(pool: PgPool) {
    let world = World::new(pool).await;
    let busy = world.app("busy").await.id;
    let calm = world.app("calm").await.id;
    world.deploy(busy).await;
    let waits = world.deploy(calm).await;
    world.deploy(busy).await;
    let newest = world.deploy(busy).await;
    let claim = || world.control.claim(Uuid::now_v7(), LEASE);
    assert_eq!(claim().await.unwrap().unwrap().id, newest.id);
    assert_eq!(claim().await.unwrap().unwrap().id, waits.id);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn an_expired_lease_goes_to_another_worker(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let deployment = world.deploy(service).await;
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let control = &world.control;
    control.claim(first, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(
        control.next_due().await.unwrap(),
        Some(Duration::ZERO),
        "due at once"
    );
    let taken = control.claim(second, LEASE).await.unwrap().unwrap();
    assert_eq!(taken.id, deployment.id);
    assert!(taken.resumed);

    let lost = |result: Result<(), WorkError>| matches!(result, Err(WorkError::LostLease));
    let beat = control.heartbeat(deployment.id, first, LEASE).await;
    assert!(lost(beat.map(|_| ())));
    assert!(lost(
        control
            .record_events(deployment.id, first, Vec::new())
            .await
    ));
    assert!(lost(
        control
            .finish(deployment.id, first, Outcome::Cancelled)
            .await
    ));
    control.release(deployment.id, first).await.unwrap();

    let beat = control
        .heartbeat(deployment.id, second, LEASE)
        .await
        .unwrap();
    assert!(!beat.cancel_requested);
    assert!(control.claim(first, LEASE).await.unwrap().is_none());
    let due = control.next_due().await.unwrap().unwrap();
    assert!(due > Duration::from_secs(50) && due <= LEASE);
    control.release(deployment.id, second).await.unwrap();
    assert!(control.claim(first, LEASE).await.unwrap().unwrap().resumed);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_removed_deployment_is_a_lost_lease(pool: PgPool) {
    let world = World::new(pool).await;
    let (id, worker) = (longshore_domain::DeploymentId::generate(), Uuid::now_v7());
    let beat = world.control.heartbeat(id, worker, LEASE).await;
    assert!(matches!(beat, Err(WorkError::LostLease)));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_cause_tells_a_token_from_a_browser(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    assert_eq!(world.deploy(service).await.cause, Cause::Manual);
    let mut owner = world.owner.clone();
    owner.via = Via::Token(ApiTokenId::generate());
    let deployment = world
        .control
        .request_deployment(&owner, service, DeploymentDraft::default())
        .await
        .unwrap();
    assert_eq!(deployment.cause, Cause::Api);
    assert_eq!(deployment.requested_by.as_deref(), Some("owner"));
}
