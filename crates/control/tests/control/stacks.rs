//! Stacks: made from a repository or typed in, run as their components.

use longshore_control::view::{ServiceKind, SourceView};
use longshore_control::work::{Outcome, RecordedEvent, RecordedKind};
use longshore_control::*;
use longshore_domain::compose::ComponentRelease;
use longshore_domain::source::Build;
use longshore_domain::specification::Origin;
use longshore_domain::{ComponentName, ServiceId, Stage};
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::world::{LEASE, World, fields, git};

const TEXT: &str = "services:\n  web:\n    image: nginx\n";

fn typed(name: &str, text: &str) -> StackDraft {
    StackDraft {
        name: name.to_owned(),
        compose: Some(text.to_owned()),
        ..StackDraft::default()
    }
}

fn from_git(name: &str, path: Option<&str>) -> StackDraft {
    StackDraft {
        name: name.to_owned(),
        source: Some(git(
            "https://git.example.com/team/shop.git",
            GitAccessDraft::Anonymous,
        )),
        compose_path: path.map(str::to_owned),
        compose: None,
    }
}

async fn make(world: &World, draft: StackDraft) -> Result<ServiceView> {
    let project = world.project(&format!("Project of {}", draft.name)).await;
    let environment = project.environments[0].id;
    world
        .control
        .create_stack(&world.developer, environment, draft)
        .await
}

fn release(stack: ServiceId, name: &str, number: i32) -> ComponentRelease {
    let name: ComponentName = name.parse().unwrap();
    ComponentRelease {
        service: name.service_of(stack),
        name,
        number,
        replicas: 2,
        runs_once: false,
        takes_requests: true,
        port: None,
        reference: Some("nginx".to_owned()),
        image: format!("x:{number}"),
        digest: "sha256:1".to_owned(),
        volumes: vec!["data".parse().unwrap()],
    }
}

/// Works on the next deployment until its components are live.
async fn live(world: &World, components: Vec<ComponentRelease>) -> work::ClaimedDeployment {
    let worker = Uuid::now_v7();
    let claimed = world.control.claim(worker, LEASE).await.unwrap().unwrap();
    let event = |sequence, kind| RecordedEvent {
        sequence,
        at: OffsetDateTime::UNIX_EPOCH,
        kind,
    };
    let switching = Stage::Switching;
    let events = vec![
        event(1, RecordedKind::StageStarted { stage: switching }),
        event(2, RecordedKind::Components { components }),
    ];
    let recorded = world
        .control
        .record_events(claimed.id, worker, events)
        .await;
    recorded.unwrap();
    let outcome = Outcome::Live {
        image: format!("stack:{}", claimed.number),
        digest: "sha256:2".to_owned(),
    };
    let ended = world.control.finish(claimed.id, worker, outcome).await;
    ended.unwrap();
    claimed
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_stack_comes_from_a_repository_or_is_typed_in(pool: PgPool) {
    let world = World::new(pool).await;
    let shop = make(&world, typed("shop", "services:\r\n  web: {}\r\n"))
        .await
        .unwrap();
    assert_eq!(shop.kind, ServiceKind::Stack);
    let SourceView::Compose { text } = &shop.source else {
        panic!("{:?}", shop.source);
    };
    assert_eq!(text, "services:\n  web: {}\n");

    let practice = make(&world, from_git("practice", None)).await.unwrap();
    let Build::Compose(file) = &practice.build else {
        panic!("{:?}", practice.build);
    };
    assert_eq!(file.path.as_str(), "docker-compose.yml");

    assert_eq!(fields(make(&world, typed("a", " ")).await), ["compose"]);
    let long = "x".repeat(300 * 1024);
    assert_eq!(fields(make(&world, typed("b", &long)).await), ["compose"]);
    assert_eq!(
        fields(make(&world, from_git("c", Some("../up.yml"))).await),
        ["compose_path"]
    );
    let mut both = from_git("d", None);
    both.compose = Some(TEXT.to_owned());
    assert_eq!(fields(make(&world, both).await), ["source"]);

    // Typed over, and back to the repository.
    let patch = StackPatch {
        compose: Some(TEXT.to_owned()),
        ..StackPatch::default()
    };
    let control = &world.control;
    let changed = control.update_stack(&world.owner, practice.id, patch).await;
    assert!(matches!(
        changed.unwrap().source,
        SourceView::Compose { .. }
    ));
    let patch = StackPatch {
        source: from_git("x", None).source,
        compose_path: Some("deploy/compose.yml".to_owned()),
        ..StackPatch::default()
    };
    let changed = control.update_stack(&world.owner, practice.id, patch).await;
    assert!(
        matches!(changed.unwrap().build, Build::Compose(file) if file.path.as_str() == "deploy/compose.yml")
    );
    let app = world.app("web").await;
    let refused = control
        .update_stack(&world.owner, app.id, StackPatch::default())
        .await;
    assert!(refused.is_err());
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_machine_shall_have_a_stacks_components(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let stack = make(&world, typed("shop", TEXT)).await.unwrap().id;
    let domain = |component: Option<&str>| DomainDraft {
        host: "shop.example.com".to_owned(),
        tls: "none".to_owned(),
        port: Some(8080),
        component: component.map(str::to_owned),
        ..DomainDraft::default()
    };
    let refused = control.add_domain(&world.owner, stack, domain(None)).await;
    assert_eq!(fields(refused), ["component"]);
    let added = control
        .add_domain(&world.owner, stack, domain(Some("db")))
        .await
        .unwrap();
    let patch = DomainPatch {
        component: Some("web".to_owned()),
        ..DomainPatch::default()
    };
    control
        .update_domain(&world.owner, added.id, patch)
        .await
        .unwrap();
    let app = world.app("other").await.id;
    let refused = control
        .add_domain(&world.owner, app, domain(Some("web")))
        .await;
    assert_eq!(fields(refused), ["component"]);

    world.deploy(stack).await;
    let claimed = live(
        &world,
        vec![release(stack, "web", 1), release(stack, "db", 1)],
    )
    .await;
    assert!(matches!(&claimed.specification.origin, Origin::Compose { text } if text == TEXT));
    assert_eq!(
        claimed.routes[0].component.as_ref().unwrap().as_str(),
        "web"
    );
    world.deploy(stack).await;
    let claimed = live(
        &world,
        vec![release(stack, "web", 2), release(stack, "db", 1)],
    )
    .await;
    assert_eq!(claimed.live_components.len(), 2);

    // A shell in the component that went on runs where the first deployment started it.
    let shell = |component: Option<&str>| TerminalDraft {
        component: component.map(str::to_owned),
        replica: 2,
        console: false,
    };
    let offer = control.offer_terminals(&world.owner, stack).await.unwrap();
    assert_eq!(offer.containers.len(), 2);
    let plan = control.plan_terminal(&world.owner, stack, shell(Some("db")));
    let plan = plan.await.unwrap();
    assert_eq!(plan.runs_as, release(stack, "db", 1).service);
    assert_eq!((plan.live_number, plan.service), (1, stack));
    for strange in [None, Some("nobody")] {
        let plan = control.plan_terminal(&world.owner, stack, shell(strange));
        assert!(matches!(plan.await, Err(ControlError::Refused { .. })));
    }

    let desired = control.desired_state().await.unwrap();
    assert_eq!(desired.stacks, [stack]);
    let one = |name: &str| {
        let id = release(stack, name, 1).service;
        desired
            .services
            .iter()
            .find(|one| one.service == id)
            .unwrap()
    };
    let (web, db) = (one("web"), one("db"));
    assert_eq!((web.live_number, db.live_number), (Some(2), Some(1)));
    assert_eq!((web.routes.len(), db.routes.len()), (1, 0));
    assert_eq!((web.replicas, web.owner), (2, stack));
    assert_eq!(web.kept_numbers, [1]);

    control
        .set_stopped(&world.owner, stack, true)
        .await
        .unwrap();
    let stopped = control.desired_state().await.unwrap();
    assert!(stopped.services.iter().all(|one| one.replicas == 0));
    control
        .set_stopped(&world.owner, stack, false)
        .await
        .unwrap();

    // Back to the first version: its file is read again, its images are run.
    let deployments = control
        .list_deployments(&world.owner, stack, Cursor::first(10))
        .await
        .unwrap();
    let first = deployments.items.last().unwrap().id;
    control
        .roll_back(&world.owner, stack, first, VariablesOf::Then)
        .await
        .unwrap();
    let claimed = live(&world, vec![release(stack, "web", 3)]).await;
    assert!(matches!(
        claimed.specification.origin,
        Origin::Compose { .. }
    ));
    assert_eq!(claimed.specification.again[0].image, "x:1");

    // What only earlier versions have is kept as an image, and nothing runs of it.
    let desired = control.desired_state().await.unwrap();
    let db = release(stack, "db", 1).service;
    let db = desired
        .services
        .iter()
        .find(|one| one.service == db)
        .unwrap();
    assert_eq!((db.live_number, db.kept_numbers.len()), (None, 2));
    let shown = control.show_service(&world.viewer, stack).await.unwrap();
    assert_eq!(shown.components.len(), 1);
    assert_eq!(
        shown.components[0].internal_host.as_deref(),
        Some("shop-web")
    );
}
