//! Terminals in containers.

use longshore_control::*;
use longshore_domain::Role;
use sqlx::PgPool;

use crate::world::World;

const SHELL: TerminalDraft = TerminalDraft {
    component: None,
    replica: 1,
    console: false,
};

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_terminal_needs_the_right_a_live_version_and_leave(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let (control, owner) = (&world.control, &world.owner);
    let plan = async |actor: &Actor| control.plan_terminal(actor, app.id, SHELL).await;
    assert!(matches!(
        plan(owner).await,
        Err(ControlError::Refused { .. })
    ));
    world.deploy_live(app.id).await;
    let mut viewer = owner.clone();
    viewer.role = Role::Viewer;
    assert!(matches!(
        plan(&viewer).await,
        Err(ControlError::Forbidden { .. })
    ));
    let offer = control.offer_terminals(owner, app.id).await.unwrap();
    let containers = vec![TerminalContainers {
        component: None,
        count: 1,
    }];
    assert_eq!(
        (offer.allowed, offer.containers, offer.console),
        (true, containers, None)
    );
    let strange = TerminalDraft {
        component: Some("web".to_owned()),
        ..SHELL
    };
    let answer = control.plan_terminal(owner, app.id, strange).await;
    assert!(
        matches!(answer, Err(ControlError::Refused { .. })),
        "it is no stack"
    );
    let console = TerminalDraft {
        console: true,
        ..SHELL
    };
    let answer = control.plan_terminal(owner, app.id, console).await;
    assert!(
        matches!(answer, Err(ControlError::Refused { .. })),
        "it is no database"
    );

    let open = plan(owner).await.unwrap();
    assert_eq!(open.live_number, 1);
    control
        .note_terminal(owner, &open, "c0ffee", None)
        .await
        .unwrap();
    control
        .note_terminal(owner, &open, "c0ffee", Some(7))
        .await
        .unwrap();
    let noted: Vec<(String, String)> = sqlx::query_as(
        "SELECT verb, details::text FROM audit_events WHERE verb LIKE 'terminal.%' ORDER BY id",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let verbs: Vec<_> = noted.iter().map(|(verb, _)| verb.as_str()).collect();
    assert_eq!(verbs, ["terminal.open", "terminal.close"]);
    assert!(noted[1].1.contains("c0ffee") && noted[1].1.contains("\"seconds\": 7"));

    let mut others = Vec::new();
    while let Ok(other) = plan(owner).await {
        others.push(other);
    }
    assert_eq!(others.len(), 4, "so many at once");
    drop(others);

    assert!(control.may_keep_terminal(owner, app.id).await.unwrap());
    control
        .allow_terminals(owner, app.project.id, false)
        .await
        .unwrap();
    assert!(!control.may_keep_terminal(owner, app.id).await.unwrap());
    assert!(matches!(
        plan(owner).await,
        Err(ControlError::Refused { .. })
    ));
    let mut developer = owner.clone();
    developer.role = Role::Developer;
    let answer = control
        .allow_terminals(&developer, app.project.id, true)
        .await;
    assert!(matches!(answer, Err(ControlError::Forbidden { .. })));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_console_gets_the_variables_of_its_database(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let (control, owner) = (&world.control, &world.owner);
    let draft = DatabaseDraft {
        name: "db".to_owned(),
        engine: "postgres".to_owned(),
        ..DatabaseDraft::default()
    };
    let (database, _) = control
        .create_database(owner, app.environment.id, draft)
        .await
        .unwrap();
    world.work_until_live().await;
    let draft = TerminalDraft {
        component: None,
        console: true,
        ..SHELL
    };
    let plan = control
        .plan_terminal(owner, database.id, draft)
        .await
        .unwrap();
    let TerminalProgram::Console { engine, variables } = &plan.program else {
        panic!("no console");
    };
    assert_eq!(*engine, "postgres");
    assert_eq!(variables[&"PGUSER".parse().unwrap()].expose(), "app");
    assert!(
        !format!("{plan:?}").contains(variables[&"POSTGRES_PASSWORD".parse().unwrap()].expose())
    );
}
