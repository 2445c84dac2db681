//! Asking, cancelling, going back.

use longshore_control::*;
use longshore_domain::run::RunSettings;
use longshore_domain::specification::Origin;
use longshore_domain::{Cause, DeploymentStatus};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{LEASE, World, fields};

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_specification_is_fixed_when_it_is_asked_for(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let scope = VariableScope::Service(service);
    world.set(scope, "KEY", "before", false).await;
    let draft = DeploymentDraft {
        commit: Some("A".repeat(40)),
        image: None,
        clear_cache: true,
    };
    let (control, owner) = (&world.control, &world.owner);
    control
        .request_deployment(owner, service, draft)
        .await
        .unwrap();
    world.set(scope, "KEY", "after", false).await;
    let patch = AppPatch {
        port: Some(Some(9999)),
        ..AppPatch::default()
    };
    control.update_app(owner, service, patch).await.unwrap();
    let claimed = control.claim(Uuid::now_v7(), LEASE).await.unwrap().unwrap();
    assert_eq!(claimed.specification.port.unwrap().get(), 8080);
    assert_eq!(
        claimed.variables[&"KEY".parse().unwrap()].expose(),
        "before"
    );
    let Origin::Git {
        commit,
        clear_cache,
        ..
    } = claimed.specification.origin
    else {
        panic!("not from a repository");
    };
    assert_eq!(commit.unwrap().as_str(), "a".repeat(40));
    assert!(clear_cache);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_bad_request_changes_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let (control, owner) = (&world.control, &world.owner);
    let waiting = world.deploy(service).await;
    let bad = DeploymentDraft {
        commit: Some("main; rm".to_owned()),
        image: Some("nginx".to_owned()),
        clear_cache: false,
    };
    let answer = control.request_deployment(owner, service, bad).await;
    assert_eq!(fields(answer), ["image", "commit"]);
    let scope = VariableScope::Service(service);
    world.set(scope, "URL", "${{db.URL}}", false).await;
    let answer = control
        .request_deployment(owner, service, DeploymentDraft::default())
        .await;
    assert_eq!(fields(answer), ["variables.URL"]);
    let view = control.show_deployment(owner, waiting.id).await.unwrap();
    assert_eq!(view.status, DeploymentStatus::Queued);
    control.remove_variable(owner, scope, "URL").await.unwrap();
    assert_eq!(world.deploy(service).await.number, 2, "no number was lost");
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn cancelling_ends_what_waits_and_asks_what_works(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let (control, owner) = (&world.control, &world.owner);
    let waiting = world.deploy(service).await;
    assert!(waiting.can_cancel);
    let view = control.cancel_deployment(owner, waiting.id).await.unwrap();
    assert_eq!(view.status, DeploymentStatus::Cancelled);
    let again = control.cancel_deployment(owner, waiting.id).await;
    assert!(matches!(again, Err(ControlError::Refused { .. })));

    let working = world.deploy(service).await;
    let worker = Uuid::now_v7();
    control.claim(worker, LEASE).await.unwrap().unwrap();
    let view = control.cancel_deployment(owner, working.id).await.unwrap();
    assert_eq!(view.status, DeploymentStatus::Fetching);
    assert!(view.cancel_requested && !view.can_cancel);
    let beat = control.heartbeat(working.id, worker, LEASE).await.unwrap();
    assert!(beat.cancel_requested);
    control
        .finish(working.id, worker, work::Outcome::Cancelled)
        .await
        .unwrap();
    let view = control.show_deployment(owner, working.id).await.unwrap();
    assert_eq!(view.status, DeploymentStatus::Cancelled);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn going_back_runs_the_old_image_with_the_variables_of_choice(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let scope = VariableScope::Service(service);
    let (control, owner) = (&world.control, &world.owner);
    world.set(scope, "KEY", "one", true).await;
    let first = world.deploy_live(service).await;
    world.set(scope, "KEY", "two", true).await;
    let second = world.deploy_live(service).await;
    let live = control
        .roll_back(owner, service, second.id, VariablesOf::Then)
        .await;
    assert!(matches!(live, Err(ControlError::Refused { .. })));

    for (choice, expected) in [(VariablesOf::Then, "one"), (VariablesOf::Now, "two")] {
        let back = control
            .roll_back(owner, service, first.id, choice)
            .await
            .unwrap();
        assert_eq!(back.cause, Cause::Rollback { to: 1 });
        let claimed = world.work_until_live().await;
        assert_eq!(
            claimed.variables[&"KEY".parse().unwrap()].expose(),
            expected
        );
        let Origin::Existing { image, number, .. } = claimed.specification.origin else {
            panic!("it would be built");
        };
        assert_eq!((image.as_str(), number), ("web:1", 1));
    }
    let failed = world.deploy(service).await;
    control.cancel_deployment(owner, failed.id).await.unwrap();
    let never = control
        .roll_back(owner, service, failed.id, VariablesOf::Then)
        .await;
    assert!(matches!(never, Err(ControlError::Refused { .. })));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn only_kept_versions_can_come_back(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    for _ in 0..12 {
        world.deploy_live(service).await;
    }
    let page = world
        .control
        .list_deployments(&world.owner, service, Cursor::first(100))
        .await
        .unwrap();
    let back: Vec<i32> = page
        .items
        .iter()
        .filter(|deployment| deployment.can_roll_back)
        .map(|deployment| deployment.number)
        .collect();
    assert_eq!(back, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_service_keeps_as_many_successful_versions_as_it_says(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let (control, owner) = (&world.control, &world.owner);
    let keep = async |keep_releases| {
        let patch = AppPatch {
            run: Some(RunSettings {
                keep_releases,
                ..RunSettings::default()
            }),
            ..AppPatch::default()
        };
        control.update_app(owner, service, patch).await
    };
    for refused in [0, 101] {
        let error = keep(refused).await.unwrap_err();
        assert!(format!("{error:?}").contains("keep_releases"), "{error:?}");
    }
    keep(2).await.unwrap();
    let mut live = Vec::new();
    for _ in 0..4 {
        live.push(world.deploy_live(service).await);
        for _ in 0..3 {
            let failed = world.deploy(service).await;
            control.cancel_deployment(owner, failed.id).await.unwrap();
        }
    }
    let kept = async || {
        let desired = control.desired_state().await.unwrap();
        let mut kept = desired.services[0].kept_numbers.clone();
        kept.sort_unstable();
        kept
    };
    let number = |index: usize| live[index].number;
    assert_eq!(kept().await, [number(1), number(2)]);

    // What is being gone back to stays, however many versions go live meanwhile.
    let then = VariablesOf::Then;
    control
        .roll_back(owner, service, live[1].id, then)
        .await
        .unwrap();
    keep(1).await.unwrap();
    assert_eq!(kept().await, [number(1), number(2)]);
    let desired = control.desired_state().await.unwrap();
    assert_eq!(desired.repositories.len(), 1);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn pages_of_deployments_join_without_a_gap(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    for _ in 0..7 {
        world.deploy(service).await;
    }
    let mut cursor = Cursor::first(3);
    let mut numbers = Vec::new();
    loop {
        let page = world
            .control
            .list_deployments(&world.owner, service, cursor.clone())
            .await
            .unwrap();
        numbers.push(
            page.items
                .iter()
                .map(|item| item.number)
                .collect::<Vec<_>>(),
        );
        let Some(next) = page.next else { break };
        cursor.after = Some(next);
    }
    assert_eq!(numbers, [vec![7, 6, 5], vec![4, 3, 2], vec![1]]);
    cursor.after = Some("x".to_owned());
    let answer = world
        .control
        .list_deployments(&world.owner, service, cursor)
        .await;
    assert_eq!(fields(answer), ["cursor"]);
}
