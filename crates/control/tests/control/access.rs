//! Each verb, tried by a stranger (who must not learn that the thing exists) and by a
//! viewer (who may look alone).

use std::collections::BTreeMap;
use std::time::Duration;

use longshore_control::*;
use longshore_domain::Role;
use sqlx::PgPool;

use crate::world::{World, git_app};

/// What a verb answered, whatever it would have given.
fn kind<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(ControlError::NotFound) => "not found",
        Err(ControlError::Forbidden { .. }) => "forbidden",
        Err(ControlError::Refused { .. }) => "refused",
        Err(ControlError::Invalid(_)) => "invalid",
        Err(_) => "another error",
    }
}

/// Everything in the team's reach, tried by an actor: name, whether it changes something,
/// and the answer.
async fn try_all(world: &World, actor: &Actor) -> Vec<(&'static str, bool, &'static str)> {
    let app = world.app(&format!("web-{}", actor.name)).await;
    let live = world.deploy_live(app.id).await;
    let waiting = world.deploy(app.id).await;
    let domain = world
        .control
        .add_domain(
            &world.owner,
            app.id,
            DomainDraft {
                host: format!("{}.example.com", actor.name),
                tls: "none".to_owned(),
                ..DomainDraft::default()
            },
        )
        .await
        .unwrap();
    let scopes = [
        VariableScope::Service(app.id),
        VariableScope::Environment(app.environment.id),
        VariableScope::Project(app.project.id),
    ];
    for scope in scopes {
        world.set(scope, "KEY", "value", false).await;
    }
    let control = &world.control;
    let (project, environment) = (app.project.id, app.environment.id);
    let one = || BTreeMap::from([("A".to_owned(), VariableDraft::default())]);
    let mut answers = Vec::new();
    macro_rules! reads {
        ($($name:ident($($argument:expr),*);)+) => {$(
            let answer = control.$name(actor, $($argument),*).await;
            answers.push((stringify!($name), false, kind(&answer)));
        )+};
    }
    macro_rules! changes {
        ($($name:ident($($argument:expr),*);)+) => {$(
            let answer = control.$name(actor, $($argument),*).await;
            answers.push((stringify!($name), true, kind(&answer)));
        )+};
    }
    reads! {
        show_project(project);
        show_environment(environment);
        list_services(environment);
        show_service(app.id);
        live_number(app.id);
        list_domains(app.id);
        show_deployment(live.id);
        list_deployments(app.id, Cursor::default());
        await_end(live.id, Duration::ZERO);
        log_after(live.id, 0, 10);
        log_tail(live.id, 10);
        show_hook(app.id);
        list_deliveries(app.id, 10);
    }
    for scope in scopes {
        reads! { list_variables(scope); }
        changes! {
            merge_variables(scope, one());
            replace_variables(scope, one());
            remove_variable(scope, "KEY");
        }
    }
    changes! {
        rename_project(project, ProjectDraft { name: "Other".to_owned() });
        delete_project(project, "wrong");
        create_environment(project, EnvironmentDraft { name: "staging".to_owned() });
        delete_environment(environment, "wrong");
        create_app(environment, git_app("another"));
        update_app(app.id, AppPatch::default());
        delete_service(app.id, "wrong");
        set_stopped(app.id, true);
        restart(app.id);
        add_domain(app.id, DomainDraft::default());
        remove_domain(domain.id);
        request_deployment(app.id, DeploymentDraft::default());
        cancel_deployment(waiting.id);
        roll_back(app.id, live.id, VariablesOf::Now);
        make_hook(app.id);
        forget_host_key(app.id);
    }
    answers
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_stranger_finds_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    for (verb, _, answer) in Box::pin(try_all(&world, &world.stranger)).await {
        assert_eq!(answer, "not found", "{verb}");
    }
    assert!(
        world
            .control
            .list_projects(&world.stranger)
            .await
            .unwrap()
            .is_empty()
    );
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_viewer_may_look_and_nothing_else(pool: PgPool) {
    let world = World::new(pool).await;
    for (verb, changes, answer) in Box::pin(try_all(&world, &world.viewer)).await {
        let expected = if changes { "forbidden" } else { "done" };
        assert_eq!(answer, expected, "{verb}");
    }
    let draft = ProjectDraft {
        name: "Mine".to_owned(),
    };
    let answer = world.control.create_project(&world.viewer, draft).await;
    let Err(ControlError::Forbidden { needs }) = answer else {
        panic!("a viewer made a project");
    };
    assert_eq!(needs, Role::Developer);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_developer_may_do_all_but_delete(pool: PgPool) {
    let world = World::new(pool).await;
    for (verb, _, answer) in Box::pin(try_all(&world, &world.developer)).await {
        let deletes = ["delete_project", "delete_environment", "delete_service"];
        assert_eq!(answer == "forbidden", deletes.contains(&verb), "{verb}");
        assert_ne!(answer, "not found", "{verb}");
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_service_cannot_go_back_to_another_services_version(pool: PgPool) {
    let world = World::new(pool).await;
    let (one, other) = (world.app("one").await.id, world.app("other").await.id);
    let first = world.deploy_live(one).await;
    world.deploy_live(one).await;
    let answer = world
        .control
        .roll_back(&world.owner, other, first.id, VariablesOf::Then)
        .await;
    assert_eq!(kind(&answer), "not found");
}
