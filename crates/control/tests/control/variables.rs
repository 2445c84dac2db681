//! Variables.

use std::collections::BTreeMap;

use longshore_control::*;
use sqlx::PgPool;

use crate::world::{World, fields};

fn draft(value: Option<&str>, secret: bool) -> VariableDraft {
    VariableDraft {
        value: value.map(str::to_owned),
        secret,
    }
}

fn drafts(list: &[(&str, Option<&str>, bool)]) -> BTreeMap<String, VariableDraft> {
    list.iter()
        .map(|(key, value, secret)| ((*key).to_owned(), draft(*value, *secret)))
        .collect()
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_secret_is_kept_but_not_shown(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let scope = VariableScope::Service(service);
    let (control, owner) = (&world.control, &world.owner);
    let views = control
        .replace_variables(
            owner,
            scope,
            drafts(&[
                ("A", Some("open"), false),
                ("B", Some("hidden"), true),
                ("C", Some(""), false),
            ]),
        )
        .await
        .unwrap();
    let values: Vec<_> = views.iter().map(|view| view.value.as_deref()).collect();
    assert_eq!(values, [Some("open"), None, Some("")]);

    let reveal = control
        .merge_variables(owner, scope, drafts(&[("B", None, false)]))
        .await;
    assert_eq!(fields(reveal), ["variables.B"]);
    let views = control
        .replace_variables(owner, scope, drafts(&[("B", None, true)]))
        .await
        .unwrap();
    assert_eq!(views.len(), 1, "the others are gone");
    world.deploy(service).await;
    let claimed = world.work_until_live().await;
    assert_eq!(claimed.variables[&"B".parse().unwrap()].expose(), "hidden");
    let bad = drafts(&[
        ("1A", Some("x"), false),
        ("NEW", None, false),
        ("NUL", Some("\0"), false),
        ("OK", Some("x"), false),
    ]);
    assert_eq!(
        fields(control.merge_variables(owner, scope, bad).await),
        ["variables.1A", "variables.NEW", "variables.NUL"]
    );
    let long = "x".repeat(200_000);
    let too_long = drafts(&[("LONG", Some(&long), false)]);
    assert_eq!(
        fields(control.merge_variables(owner, scope, too_long).await),
        ["variables.LONG"]
    );
    assert_eq!(control.list_variables(owner, scope).await.unwrap().len(), 1);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn references_reach_the_environment_the_project_and_the_neighbours(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let (control, owner) = (&world.control, &world.owner);
    let neighbour = control
        .create_app(owner, app.environment.id, crate::world::git_app("api"))
        .await
        .unwrap();
    let stranger = world.app("far").await;
    world
        .set(
            VariableScope::Environment(app.environment.id),
            "E",
            "env",
            false,
        )
        .await;
    world
        .set(VariableScope::Project(app.project.id), "P", "pro", true)
        .await;
    world
        .set(
            VariableScope::Service(neighbour.id),
            "N",
            "<${{environment.E}}>",
            false,
        )
        .await;
    world
        .set(VariableScope::Service(stranger.id), "S", "far", false)
        .await;
    let scope = VariableScope::Service(app.id);
    world
        .set(
            scope,
            "ALL",
            "${{environment.E}} ${{project.P}} ${{api.N}} $HOME",
            false,
        )
        .await;
    world.deploy(app.id).await;
    let claimed = world.work_until_live().await;
    assert_eq!(
        claimed.variables[&"ALL".parse().unwrap()].expose(),
        "env pro <env> $HOME"
    );
    assert_eq!(claimed.variables.len(), 1);

    world.set(scope, "FAR", "${{far.S}}", false).await;
    let answer = control
        .request_deployment(owner, app.id, DeploymentDraft::default())
        .await;
    assert_eq!(fields(answer), ["variables.FAR"]);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn it_is_known_what_changed_since_the_live_version(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let scope = VariableScope::Service(service);
    let (control, owner) = (&world.control, &world.owner);
    world.set(scope, "A", "1", false).await;
    world.set(scope, "B", "1", false).await;
    let changed = async || -> Vec<bool> {
        let views = control.list_variables(owner, scope).await.unwrap();
        views.iter().map(|view| view.changed_since_live).collect()
    };
    assert_eq!(changed().await, [false, false], "nothing is live");
    world.clock.advance(time::Duration::seconds(1));
    world.deploy_live(service).await;
    world.clock.advance(time::Duration::seconds(1));
    world.set(scope, "A", "1", false).await;
    world.set(scope, "B", "2", false).await;
    assert_eq!(changed().await, [false, true]);
    world.clock.advance(time::Duration::seconds(1));
    world.deploy_live(service).await;
    assert_eq!(changed().await, [false, false]);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_secret_is_generated_once(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let scope = VariableScope::Service(service);
    let (control, owner) = (&world.control, &world.owner);
    let asked = || {
        drafts(&[
            ("TOKEN", Some("${{secret(32)}}"), false),
            (
                "URL",
                Some("postgres://u:${{secret(24)}}@${{HOST}}/x"),
                false,
            ),
            ("HOST", Some("db"), false),
        ])
    };
    let read = async || {
        world.clock.advance(time::Duration::seconds(1));
        world.deploy(service).await;
        let claimed = world.work_until_live().await;
        let value = |key: &str| claimed.variables[&key.parse().unwrap()].expose().to_owned();
        (value("TOKEN"), value("URL"))
    };
    let views = control
        .replace_variables(owner, scope, asked())
        .await
        .unwrap();
    let shown: Vec<_> = views
        .iter()
        .map(|view| {
            (
                view.key.as_str(),
                view.secret,
                view.generated,
                view.value.is_some(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("HOST", false, false, true),
            ("TOKEN", true, true, false),
            ("URL", true, true, false)
        ]
    );
    let first = read().await;
    assert_eq!(first.0.len(), 32);
    assert!(first.0.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(first.1.starts_with("postgres://u:") && first.1.ends_with("@db/x"));
    assert_eq!(first.1.len(), "postgres://u:@db/x".len() + 24);

    control
        .replace_variables(owner, scope, asked())
        .await
        .unwrap();
    control
        .merge_variables(owner, scope, drafts(&[("TOKEN", None, true)]))
        .await
        .unwrap();
    control
        .merge_variables(owner, scope, asked())
        .await
        .unwrap();
    assert_eq!(read().await, first, "nothing is made anew");

    // What was typed is no generated secret, even if it looks like one.
    let typed = drafts(&[("TOKEN", Some("password"), true)]);
    control.merge_variables(owner, scope, typed).await.unwrap();
    let asked = drafts(&[("TOKEN", Some("${{secret(8)}}"), true)]);
    control.merge_variables(owner, scope, asked).await.unwrap();
    assert_ne!(read().await.0, "password");

    let bad = drafts(&[
        ("A", Some("${{secret(7)}}"), false),
        ("B", Some("x${{secret()}}"), false),
    ]);
    assert_eq!(
        fields(control.merge_variables(owner, scope, bad).await),
        ["variables.A", "variables.B"]
    );
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn variables_are_compared_with_those_of_the_live_version(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let (control, owner) = (&world.control, &world.owner);
    let scope = VariableScope::Service(app.id);
    let of_environment = VariableScope::Environment(app.environment.id);
    world.set(of_environment, "E", "1", true).await;
    let values = [
        ("A", Some("${{environment.E}}"), false),
        ("B", Some("1"), true),
        ("C", Some("1"), false),
    ];
    control
        .replace_variables(owner, scope, drafts(&values))
        .await
        .unwrap();
    assert_eq!(control.variable_changes(owner, app.id).await.unwrap(), None);
    world.deploy_live(app.id).await;
    let changes = async || {
        control
            .variable_changes(owner, app.id)
            .await
            .unwrap()
            .unwrap()
    };
    let none = VariableChanges {
        deployment: 1,
        added: vec![],
        changed: vec![],
        removed: vec![],
    };
    assert_eq!(changes().await, none);

    world.set(of_environment, "E", "2", true).await;
    let values = [
        ("A", Some("${{environment.E}}"), false),
        ("C", Some("1"), false),
        ("D", Some("${{nobody.X}}"), false),
    ];
    let views = control
        .replace_variables(owner, scope, drafts(&values))
        .await
        .unwrap();
    let expected = VariableChanges {
        added: vec!["D".to_owned()],
        changed: vec!["A".to_owned()],
        removed: vec!["B".to_owned()],
        ..none
    };
    assert_eq!(changes().await, expected);
    let problems: Vec<_> = views
        .iter()
        .filter_map(|view| view.problem.as_deref())
        .collect();
    assert_eq!(
        problems,
        [
            "refers to ${{nobody.X}}, which does not exist: no service nobody with variables is in this environment"
        ]
    );
}
