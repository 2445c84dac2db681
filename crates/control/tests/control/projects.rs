//! Projects and environments.

use longshore_control::*;
use sqlx::PgPool;

use crate::world::{World, fields};

fn draft(name: &str) -> ProjectDraft {
    ProjectDraft {
        name: name.to_owned(),
    }
}

fn environment(name: &str) -> EnvironmentDraft {
    EnvironmentDraft {
        name: name.to_owned(),
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_project_starts_with_production(pool: PgPool) {
    let world = World::new(pool).await;
    let project = world.project("Shop").await;
    assert_eq!(project.environments[0].name, "production");
    let (control, owner) = (&world.control, &world.owner);
    let again = control.create_project(owner, draft("shop")).await;
    assert_eq!(fields(again), ["conflict:name"]);
    for bad in ["", " ", ";$(){}'\"\n", &"x".repeat(300)] {
        assert_eq!(
            fields(control.create_project(owner, draft(bad)).await),
            ["name"],
            "{bad:?}"
        );
    }
    let other = world.project("Blog").await;
    let taken = control.rename_project(owner, other.id, draft("Shop")).await;
    assert_eq!(fields(taken), ["conflict:name"]);
    let renamed = control
        .rename_project(owner, other.id, draft("News"))
        .await
        .unwrap();
    assert_eq!(renamed.name, "News");
    // Another team may use the name.
    control
        .create_project(&world.stranger, draft("Shop"))
        .await
        .unwrap();
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn environments_come_and_go_but_one_stays(pool: PgPool) {
    let world = World::new(pool).await;
    let project = world.project("Shop").await;
    let (control, owner) = (&world.control, &world.owner);
    let staging = control
        .create_environment(owner, project.id, environment("staging"))
        .await
        .unwrap();
    let again = control
        .create_environment(owner, project.id, environment("staging"))
        .await;
    assert_eq!(fields(again), ["conflict:name"]);
    let bad = control
        .create_environment(owner, project.id, environment("Sta ging"))
        .await;
    assert_eq!(fields(bad), ["name"]);
    control
        .delete_environment(owner, staging.id, "staging")
        .await
        .unwrap();
    let last = project.environments[0].id;
    let refused = control.delete_environment(owner, last, "production").await;
    assert!(matches!(refused, Err(ControlError::Refused { .. })));
    control
        .create_environment(owner, project.id, environment("staging"))
        .await
        .unwrap();
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_list_counts_what_runs(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let deployment = world.deploy_live(app.id).await;
    let summary = world.control.list_projects(&world.owner).await.unwrap();
    let counts = &summary[0].environments[0];
    assert_eq!(
        (
            counts.service_count,
            counts.live_count,
            counts.trouble_count
        ),
        (1, 1, 0)
    );
    let last = summary[0].last_deployment.as_ref().unwrap();
    assert_eq!(last.id, deployment.id);
    assert!(last.duration_ms.is_some());
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_deleted_project_goes_with_its_last_service(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    world.deploy_live(app.id).await;
    let (control, owner) = (&world.control, &world.owner);
    let project = app.project;
    let wrong = control.delete_project(owner, project.id, "no").await;
    assert_eq!(fields(wrong), ["confirmation"]);
    control
        .delete_project(owner, project.id, &project.name)
        .await
        .unwrap();
    assert!(control.list_projects(owner).await.unwrap().is_empty());
    let gone = control.show_service(owner, app.id).await;
    assert!(matches!(gone, Err(ControlError::NotFound)));
    let left = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM projects")
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    assert_eq!(left().await, 1, "until the machine is clean");
    let removing = control.services_removing().await.unwrap();
    assert_eq!((removing[0].service, removing[0].volumes), (app.id, false));
    control
        .create_project(owner, draft(&project.name))
        .await
        .unwrap();
    control.drop_removed_service(app.id).await.unwrap();
    assert_eq!(left().await, 1, "the new one alone");
}
