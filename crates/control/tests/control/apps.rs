//! Apps and domains.

use std::collections::BTreeMap;

use longshore_control::*;
use longshore_domain::run::RunSettings;
use sqlx::PgPool;

use crate::world::{World, fields, git, git_app};

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn all_problems_of_an_app_are_told_at_once(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let draft = AppDraft {
        name: "a;$(b)\n".to_owned(),
        source: SourceDraft::Git {
            url: "https://user:pw@git.example.com/x".to_owned(),
            branch: "../x".to_owned(),
            submodules: false,
            watch_paths: vec!["../x".to_owned()],
            access: GitAccessDraft::Anonymous,
        },
        build: Some(BuildDraft::Dockerfile {
            path: Some("../Dockerfile".to_owned()),
            context: Some("/etc".to_owned()),
            target: None,
            args: BTreeMap::from([("1X".to_owned(), String::new())]),
            secrets: vec!["A B".to_owned()],
            variables: vec!["*".to_owned()],
        }),
        port: Some(70_000),
        run: Some(RunSettings {
            replicas: 0,
            ..RunSettings::default()
        }),
    };
    let problems = fields(
        world
            .control
            .create_app(&world.owner, environment, draft)
            .await,
    );
    for field in [
        "name",
        "source.git.url",
        "source.git.branch",
        "source.git.watch_paths",
        "build.dockerfile.variables.*",
        "build.dockerfile.path",
        "build.dockerfile.context",
        "build.dockerfile.args.1X",
        "build.dockerfile.secrets.A B",
        "port",
        "run.replicas",
    ] {
        assert!(
            problems.contains(&field.to_owned()),
            "{field}: {problems:?}"
        );
    }
    let services = world
        .control
        .list_services(&world.owner, environment)
        .await
        .unwrap();
    assert!(services.is_empty(), "nothing half-written");
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_name_is_taken_once_in_an_environment(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let (control, owner) = (&world.control, &world.owner);
    let again = control
        .create_app(owner, app.environment.id, git_app("web"))
        .await;
    assert_eq!(fields(again), ["conflict:name"]);
    let other = control
        .create_app(owner, app.environment.id, git_app("api"))
        .await
        .unwrap();
    let patch = AppPatch {
        name: Some("web".to_owned()),
        ..AppPatch::default()
    };
    assert_eq!(
        fields(control.update_app(owner, other.id, patch).await),
        ["conflict:name"]
    );
    let long = git_app(&"a".repeat(300));
    assert_eq!(
        fields(control.create_app(owner, app.environment.id, long).await),
        ["name"]
    );
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_patch_changes_what_it_names(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await;
    let patch = AppPatch {
        port: Some(None),
        run: Some(RunSettings {
            replicas: 3,
            ..RunSettings::default()
        }),
        ..AppPatch::default()
    };
    let view = world
        .control
        .update_app(&world.owner, app.id, patch)
        .await
        .unwrap();
    assert_eq!(view.port, None);
    assert_eq!(view.run.replicas, 3);
    assert_eq!(view.name, "web");
    assert!(matches!(view.source, SourceView::Git { .. }));
    let image = AppPatch {
        source: Some(SourceDraft::Image {
            reference: "nginx:1.27".to_owned(),
        }),
        ..AppPatch::default()
    };
    let view = world
        .control
        .update_app(&world.owner, app.id, image)
        .await
        .unwrap();
    assert!(matches!(view.source, SourceView::Image { .. }));
    let upload = AppPatch {
        source: Some(SourceDraft::Upload),
        ..AppPatch::default()
    };
    let view = world
        .control
        .update_app(&world.owner, app.id, upload)
        .await
        .unwrap();
    assert!(matches!(view.source, SourceView::Upload { archive: None }));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_deploy_key_is_made_once_and_its_private_half_never_shown(pool: PgPool) {
    let world = World::new(pool).await;
    let environment = world.project("Shop").await.environments[0].id;
    let (control, owner) = (&world.control, &world.owner);
    let with = |url: &str, access| AppPatch {
        source: Some(git(url, access)),
        ..AppPatch::default()
    };
    let key_of = |view: &ServiceView| match &view.source {
        SourceView::Git { deploy_key, .. } => deploy_key.clone(),
        SourceView::Image { .. } | SourceView::Upload { .. } | SourceView::Compose { .. } => None,
    };
    let mut draft = git_app("web");
    draft.source = git("https://git.example.com/a", GitAccessDraft::DeployKey);
    let over_https = control.create_app(owner, environment, draft.clone()).await;
    assert_eq!(fields(over_https), ["source.git.access"]);
    draft.source = git("git@git.example.com:a/b.git", GitAccessDraft::DeployKey);
    let app = control.create_app(owner, environment, draft).await.unwrap();
    let key = key_of(&app).unwrap();
    assert!(key.starts_with("ssh-ed25519 ") && key.ends_with(" longshore-web"));
    let shown = format!("{app:?}");
    assert!(!shown.contains("PRIVATE KEY"));

    let moved = with("git@other.example.com:a/b.git", GitAccessDraft::DeployKey);
    let again = control.update_app(owner, app.id, moved).await.unwrap();
    assert_eq!(key_of(&again).unwrap(), key);
    let anonymous = with("https://git.example.com/a", GitAccessDraft::Anonymous);
    let without = control.update_app(owner, app.id, anonymous).await.unwrap();
    assert_eq!(key_of(&without), None);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_kept_token_does_not_follow_to_another_host(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await.id;
    let (control, owner) = (&world.control, &world.owner);
    let with = |url: &str, access| AppPatch {
        source: Some(git(url, access)),
        ..AppPatch::default()
    };
    let token = GitAccessDraft::Token {
        username: Some("me".to_owned()),
        token: "ghp_x".to_owned(),
    };
    let over_ssh = with("git@git.example.com:a/b", token.clone());
    assert_eq!(
        fields(control.update_app(owner, app, over_ssh).await),
        ["source.git.access"]
    );
    control
        .update_app(owner, app, with("https://git.example.com/a", token))
        .await
        .unwrap();
    for url in [
        "https://evil.example.com/a",
        "https://git.example.com:444/a",
        "http://git.example.com/a",
    ] {
        let patch = with(url, GitAccessDraft::Keep);
        assert_eq!(
            fields(control.update_app(owner, app, patch).await),
            ["source.git.access"],
            "{url}"
        );
    }
    let same = with("https://git.example.com/b", GitAccessDraft::Keep);
    let view = control.update_app(owner, app, same).await.unwrap();
    let SourceView::Git { access, .. } = view.source else {
        panic!("not a repository");
    };
    assert_eq!(access.as_str(), "token");
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_host_and_path_route_to_one_service(pool: PgPool) {
    let world = World::new(pool).await;
    let (one, other) = (world.app("one").await.id, world.app("other").await.id);
    let (control, owner) = (&world.control, &world.owner);
    let draft = |host: &str, prefix: Option<&str>| DomainDraft {
        host: host.to_owned(),
        path_prefix: prefix.map(str::to_owned),
        strip_prefix: true,
        port: None,
        tls: "acme".to_owned(),
        ..DomainDraft::default()
    };
    let domain = control
        .add_domain(owner, one, draft("Shop.Example.com", None))
        .await
        .unwrap();
    assert_eq!(domain.url, "https://shop.example.com/");
    assert!(!domain.strip_prefix, "there is no prefix to strip");
    let taken = control
        .add_domain(owner, other, draft("shop.example.com", Some("/")))
        .await;
    assert_eq!(fields(taken), ["conflict:host"]);
    let api = control
        .add_domain(owner, other, draft("shop.example.com", Some("/api/")))
        .await
        .unwrap();
    assert_eq!(api.path_prefix, "/api");
    let panel = control
        .add_domain(owner, one, draft("panel.example.com", None))
        .await;
    assert_eq!(fields(panel), ["conflict:host"]);
    let bad = DomainDraft {
        host: "a b".to_owned(),
        path_prefix: Some("/../x".to_owned()),
        strip_prefix: false,
        port: Some(0),
        tls: "what".to_owned(),
        ..DomainDraft::default()
    };
    assert_eq!(
        fields(control.add_domain(owner, one, bad).await),
        ["host", "path_prefix", "port", "tls"]
    );
    let no_port = AppPatch {
        port: Some(None),
        ..AppPatch::default()
    };
    assert_eq!(
        fields(control.update_app(owner, one, no_port).await),
        ["port"],
        "its domain needs it"
    );
    let ports = ProxyPorts {
        http: 8080,
        https: 8443,
    };
    let elsewhere = control.clone().with_proxy_ports(ports);
    let shown = elsewhere.list_domains(owner, other).await.unwrap();
    assert_eq!(shown[0].url, "https://shop.example.com:8443/api");
    control.remove_domain(owner, domain.id).await.unwrap();
    assert!(control.list_domains(owner, one).await.unwrap().is_empty());
    let view = control.show_service(owner, other).await.unwrap();
    assert_eq!(view.domains.len(), 1);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn what_does_not_run_cannot_be_stopped(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("web").await.id;
    let (control, owner) = (&world.control, &world.owner);
    assert_eq!(
        control.show_service(owner, app).await.unwrap().status,
        ServiceStatus::NeverDeployed
    );
    let nothing = control.set_stopped(owner, app, true).await;
    assert!(matches!(nothing, Err(ControlError::Refused { .. })));
    world.deploy_live(app).await;
    let view = control.set_stopped(owner, app, true).await.unwrap();
    assert_eq!(view.status, ServiceStatus::Stopped);
    let stopped = control.restart(owner, app).await;
    assert!(matches!(stopped, Err(ControlError::Refused { .. })));
    world.deploy(app).await;
    let view = control.show_service(owner, app).await.unwrap();
    assert_eq!(view.status, ServiceStatus::Deploying);
    assert!(!view.stopped, "a deployment starts it");
}
