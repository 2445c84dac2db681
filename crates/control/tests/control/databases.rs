//! Databases: made with credentials of their own, found by apps, removed with care.

use std::collections::BTreeMap;

use longshore_control::view::ServiceKind;
use longshore_control::*;
use longshore_domain::specification::Origin;
use longshore_domain::{EnvironmentId, Strategy};
use sqlx::PgPool;

use crate::world::{World, fields, git_app};

fn postgres(name: &str) -> DatabaseDraft {
    DatabaseDraft {
        name: name.to_owned(),
        engine: "postgres".to_owned(),
        ..DatabaseDraft::default()
    }
}

async fn make(world: &World, environment: EnvironmentId, draft: DatabaseDraft) -> ServiceView {
    let made = world
        .control
        .create_database(&world.developer, environment, draft)
        .await;
    made.unwrap().0
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_database_is_made_with_credentials_and_deployed(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let (service, connection) = world
        .control
        .create_database(&world.developer, environment, postgres("db"))
        .await
        .unwrap();
    assert_eq!(service.kind, ServiceKind::Database);
    assert_eq!(service.database.as_ref().unwrap().engine, "postgres");
    assert_eq!(service.port, None);
    let url = connection.url.expose();
    let password = url
        .strip_prefix("postgresql://app:")
        .and_then(|rest| rest.strip_suffix("@db:5432/app"))
        .expect(url);
    assert!(password.len() >= 32 && password.bytes().all(|b| b.is_ascii_hexdigit()));

    let claimed = world.work_until_live().await;
    assert_eq!(claimed.service, service.id);
    let specification = &claimed.specification;
    let Origin::Image { reference } = &specification.origin else {
        panic!("{specification:?}");
    };
    assert_eq!(reference.as_str(), "postgres:15");
    assert_eq!(specification.strategy, Strategy::Recreate);
    assert_eq!(specification.run.volumes.len(), 1);
    assert_eq!(
        claimed.variables[&"POSTGRES_PASSWORD".parse().unwrap()].expose(),
        password
    );
    assert!(
        claimed
            .redact
            .iter()
            .any(|secret| secret.expose() == password)
    );
    let shown = serde_json::to_string(&service).unwrap();
    assert!(!shown.contains(password), "{shown}");

    // It can be deployed again, but not with an image of somebody's choice.
    let image = DeploymentDraft {
        image: Some("evil:1".to_owned()),
        ..DeploymentDraft::default()
    };
    let refused = world
        .control
        .request_deployment(&world.developer, service.id, image)
        .await;
    assert_eq!(fields(refused), ["image"]);
    world.deploy_live(service.id).await;
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn an_app_reaches_a_database_by_reference(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let (_, connection) = world
        .control
        .create_database(&world.developer, environment, postgres("db"))
        .await
        .unwrap();
    world.work_until_live().await;
    let app = world
        .control
        .create_app(&world.developer, environment, git_app("web"))
        .await
        .unwrap();
    let scope = VariableScope::Service(app.id);
    world
        .set(scope, "DATABASE_URL", "${{db.DATABASE_URL}}", false)
        .await;
    world.deploy(app.id).await;
    let claimed = world.work_until_live().await;
    let url = &claimed.variables[&"DATABASE_URL".parse().unwrap()];
    assert_eq!(url.expose(), connection.url.expose());
    assert!(claimed.redact.contains(url));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn wrong_databases_are_refused_field_by_field(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let try_it = async |draft: DatabaseDraft| {
        let result = world
            .control
            .create_database(&world.developer, environment, draft)
            .await;
        fields(result.map(|_| ()))
    };
    make(&world, environment, postgres("db")).await;
    assert_eq!(try_it(postgres("db")).await, ["conflict:name"]);
    assert_eq!(try_it(postgres("Not A Name")).await, ["name"]);
    let unknown = DatabaseDraft {
        engine: "oracle".to_owned(),
        ..postgres("other")
    };
    assert_eq!(try_it(unknown).await, ["engine"]);
    let version = DatabaseDraft {
        version: Some("3".to_owned()),
        ..postgres("other")
    };
    assert_eq!(try_it(version).await, ["version"]);
    let option = DatabaseDraft {
        engine: "redis".to_owned(),
        options: BTreeMap::from([("appendonly".to_owned(), "perhaps".to_owned())]),
        ..postgres("other")
    };
    assert_eq!(try_it(option).await, ["options.appendonly"]);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_strangers_environment_and_database_do_not_exist(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let control = &world.control;
    let made = control
        .create_database(&world.stranger, environment, postgres("db"))
        .await;
    assert!(matches!(made, Err(ControlError::NotFound)), "{made:?}");
    let database = make(&world, environment, postgres("db")).await;
    let seen = control
        .reveal_connection(&world.stranger, database.id)
        .await;
    assert!(matches!(seen, Err(ControlError::NotFound)), "{seen:?}");
    // Who may only look sees no password.
    let seen = control.reveal_connection(&world.viewer, database.id).await;
    assert!(seen.is_err());
    let made = control
        .create_database(&world.viewer, environment, postgres("db2"))
        .await;
    assert!(made.is_err());
    let seen = control
        .reveal_connection(&world.developer, database.id)
        .await;
    assert!(seen.unwrap().url.expose().contains("@db:5432"));
    let app = world.app("web").await;
    let none = control.reveal_connection(&world.owner, app.id).await;
    assert!(
        matches!(none, Err(ControlError::Refused { .. })),
        "{none:?}"
    );
    let domain = DomainDraft {
        host: "db.example.com".to_owned(),
        port: Some(5432),
        tls: "none".to_owned(),
        ..DomainDraft::default()
    };
    let domain = control.add_domain(&world.owner, database.id, domain).await;
    assert!(matches!(domain, Err(ControlError::Refused { .. })));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn data_goes_only_when_it_is_asked_for_twice(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let control = &world.control;
    let kept = make(&world, environment, postgres("kept")).await;
    let gone = make(&world, environment, postgres("gone")).await;
    control
        .delete_service(&world.owner, kept.id, "kept")
        .await
        .unwrap();
    for (first, second) in [("gone", ""), ("gone", "kept"), ("", "gone"), ("x", "x")] {
        let result = control
            .delete_service_and_data(&world.owner, gone.id, first, second)
            .await;
        assert_eq!(fields(result).len(), 1, "{first} {second}");
    }
    control
        .delete_service_and_data(&world.owner, gone.id, "gone", "gone")
        .await
        .unwrap();
    let removing: BTreeMap<_, _> = control
        .services_removing()
        .await
        .unwrap()
        .into_iter()
        .map(|removing| (removing.service, removing.volumes))
        .collect();
    assert_eq!(
        removing,
        BTreeMap::from([(kept.id, false), (gone.id, true)])
    );
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn settings_change_within_what_the_files_allow(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let service = make(&world, environment, postgres("db")).await;
    world.work_until_live().await;
    let update = async |patch: DatabasePatch| {
        let actor = &world.developer;
        world
            .control
            .update_database(actor, service.id, patch)
            .await
    };
    let version = |text: &str| DatabasePatch {
        version: Some(text.to_owned()),
        ..DatabasePatch::default()
    };
    assert_eq!(fields(update(version("16")).await), ["version"]);
    let changed = update(version("15.8")).await.unwrap();
    assert_eq!(changed.database.unwrap().version, "15.8");
    let limited = DatabasePatch {
        memory_limit_bytes: Some(Some(64 * 1024 * 1024)),
        ..DatabasePatch::default()
    };
    let changed = update(limited).await.unwrap();
    assert_eq!(changed.run.memory_limit_bytes, Some(64 * 1024 * 1024));
    assert_eq!(changed.database.unwrap().version, "15.8");
    let draft = DeploymentDraft::default();
    let actor = &world.developer;
    let asked = world.control.request_deployment(actor, service.id, draft);
    asked.await.unwrap();
    let claimed = world.work_until_live().await;
    let Origin::Image { reference } = &claimed.specification.origin else {
        panic!("{:?}", claimed.specification);
    };
    assert_eq!(reference.as_str(), "postgres:15.8");
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_new_password_survives_an_attempt_that_broke_off(pool: PgPool) {
    let world = World::new(pool).await;
    let (control, actor) = (&world.control, &world.developer);
    let environment = world.project("Shop").await.environments[0].id;
    let service = make(&world, environment, postgres("db")).await.id;
    let early = control.plan_password_change(actor, service).await;
    assert!(matches!(early, Err(ControlError::Refused { .. })));
    world.work_until_live().await;
    let url = async || {
        let connection = control.reveal_connection(actor, service).await.unwrap();
        connection.url.expose().to_owned()
    };
    let before = url().await;
    let plan = async || match control.plan_password_change(actor, service).await.unwrap() {
        PasswordPlan::Run(attempts) => attempts,
        PasswordPlan::Deployed(_) => panic!("PostgreSQL is told"),
    };
    let first = plan().await;
    // Whatever died then: the next attempt says the same, and knows both passwords.
    let second = plan().await;
    assert_eq!(first, second);
    assert_eq!(first.len(), 2);
    assert_eq!(url().await, before);
    let statement = first[0].argv.last().unwrap().expose();
    let password = statement.split('\'').nth(1).unwrap();
    assert!(statement.starts_with("--command=ALTER ROLE") && password.len() >= 32);
    control
        .finish_password_change(actor, service)
        .await
        .unwrap();
    assert_eq!(
        url().await,
        format!("postgresql://app:{password}@db:5432/app")
    );
    let again = control.finish_password_change(actor, service).await;
    assert!(matches!(again, Err(ControlError::Refused { .. })));
    assert_ne!(plan().await, first);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn redis_gets_its_password_by_a_deployment(pool: PgPool) {
    let world = World::new(pool).await;
    let (control, actor) = (&world.control, &world.developer);
    let environment = world.project("Shop").await.environments[0].id;
    let draft = DatabaseDraft {
        engine: "redis".to_owned(),
        ..postgres("cache")
    };
    let service = make(&world, environment, draft).await.id;
    let first = world.work_until_live().await;
    let plan = control.plan_password_change(actor, service).await.unwrap();
    assert!(matches!(plan, PasswordPlan::Deployed(_)));
    let second = world.work_until_live().await;
    let key = "REDIS_PASSWORD".parse().unwrap();
    assert_ne!(first.variables[&key], second.variables[&key]);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn data_of_a_deleted_service_is_listed_until_its_name_is_typed(pool: PgPool) {
    let world = World::new(pool).await;
    let (control, actor) = (&world.control, &world.owner);
    let environment = world.project("Shop").await.environments[0].id;
    for (name, is_kept) in [("db", true), ("other", false)] {
        let service = make(&world, environment, postgres(name)).await.id;
        world.work_until_live().await;
        if is_kept {
            control.delete_service(actor, service, name).await.unwrap();
        } else {
            let gone = control.delete_service_and_data(actor, service, name, name);
            gone.await.unwrap();
        }
        control.drop_removed_service(service).await.unwrap();
        let kept = control.list_storage(actor).await.unwrap().kept;
        assert_eq!(kept.len(), 1, "{name}");
        assert_eq!(kept[0].name, "db");
    }
    let kept = control.list_storage(actor).await.unwrap().kept.remove(0);
    let wrong = control.delete_kept_data(actor, kept.service, "other").await;
    assert_eq!(fields(wrong), ["confirmation"]);
    let forbidden = control
        .delete_kept_data(&world.developer, kept.service, "db")
        .await;
    assert!(matches!(forbidden, Err(ControlError::Forbidden { .. })));
    control
        .delete_kept_data(actor, kept.service, "db")
        .await
        .unwrap();
    assert!(control.list_storage(actor).await.unwrap().kept.is_empty());
    assert_eq!(control.data_removing().await.unwrap(), [kept.service]);
    control.drop_removed_data(kept.service).await.unwrap();
    assert!(control.data_removing().await.unwrap().is_empty());
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn directories_of_the_machine_are_refused_unless_they_are_allowed(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let save = async |source: &str| {
        let mut run = app.run.clone();
        run.binds = vec![longshore_domain::BindMount {
            source: source.parse().unwrap(),
            path: "/media".parse().unwrap(),
            read_only: false,
        }];
        let patch = AppPatch {
            run: Some(run),
            ..AppPatch::default()
        };
        world
            .control
            .update_app(&world.developer, app.id, patch)
            .await
    };
    assert_eq!(fields(save("/etc").await), ["run.binds"]);
    save("/srv/allowed/media").await.unwrap();
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_port_of_the_machine_belongs_to_one_database(pool: PgPool) {
    let world = World::new(pool).await;
    let (control, actor) = (&world.control, &world.developer);
    let environment = world.project("Shop").await.environments[0].id;
    let one = make(&world, environment, postgres("one")).await.id;
    let two = make(&world, environment, postgres("two")).await.id;
    let open = async |id, port: Option<i64>| {
        let patch = DatabasePatch {
            external_port: Some(port),
            ..DatabasePatch::default()
        };
        control.update_database(actor, id, patch).await
    };
    for bad in [80, 0, 70_000, 2377, 3000, -1] {
        assert_eq!(
            fields(open(one, Some(bad)).await),
            ["external_port"],
            "{bad}"
        );
    }
    let opened = open(one, Some(5433)).await.unwrap();
    assert_eq!(opened.run.host_ports[0].port.get(), 5433);
    assert_eq!(opened.run.host_ports[0].target.get(), 5432);
    assert_eq!(fields(open(two, Some(5433)).await), ["external_port"]);
    // Another change of the settings keeps it open.
    let patch = DatabasePatch {
        version: Some("15.8".to_owned()),
        ..DatabasePatch::default()
    };
    let changed = control.update_database(actor, one, patch).await.unwrap();
    assert_eq!(changed.run.host_ports.len(), 1);
    let app = world.app("web").await;
    let mut run = app.run.clone();
    run.host_ports.clone_from(&changed.run.host_ports);
    let patch = AppPatch {
        run: Some(run),
        ..AppPatch::default()
    };
    let taken = control.update_app(actor, app.id, patch).await;
    assert_eq!(fields(taken), ["run.host_ports"]);
    assert!(open(one, None).await.unwrap().run.host_ports.is_empty());
    open(two, Some(5433)).await.unwrap();
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn an_image_with_extensions_stays_over_changes_of_the_version(pool: PgPool) {
    let world = World::new(pool).await;
    let (control, actor) = (&world.control, &world.developer);
    let environment = world.project("Shop").await.environments[0].id;
    let draft = DatabaseDraft {
        version: Some("17".to_owned()),
        image: Some("pgvector/pgvector:pg17".to_owned()),
        ..postgres("db")
    };
    let id = make(&world, environment, draft).await.id;
    let update = async |version: Option<&str>, image: Option<Option<&str>>| {
        let patch = DatabasePatch {
            version: version.map(str::to_owned),
            image: image.map(|image| image.map(str::to_owned)),
            ..DatabasePatch::default()
        };
        let updated = control.update_database(actor, id, patch).await?;
        let SourceView::Image { reference } = updated.source else {
            panic!("no image");
        };
        Ok::<_, ControlError>(reference)
    };
    let kept = update(Some("17.2"), None).await.unwrap();
    assert_eq!(kept, "pgvector/pgvector:pg17");
    let bad = update(None, Some(Some("pgvector/pgvector:pg16"))).await;
    assert_eq!(fields(bad), ["image"]);
    assert_eq!(update(None, Some(None)).await.unwrap(), "postgres:17.2");
}
