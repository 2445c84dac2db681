//! Accounts at registries, and what registries tell.

use longshore_control::*;
use longshore_domain::ServiceId;
use longshore_domain::specification::Origin;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{LEASE, World, fields};

fn draft(host: &str, password: Option<&str>) -> RegistryDraft {
    RegistryDraft {
        name: String::new(),
        host: host.to_owned(),
        username: "ann".to_owned(),
        password: password.map(str::to_owned),
    }
}

async fn save(world: &World, host: &str) -> Result<RegistryView> {
    let plan = world
        .control
        .plan_registry(&world.owner, None, &draft(host, Some("hush-hush")))
        .await?;
    world.control.save_registry(&world.owner, plan).await
}

async fn image_app(world: &World, reference: &str) -> ServiceId {
    let environment = world.project("Images").await.environments[0].id;
    let app = AppDraft {
        name: "web".to_owned(),
        source: SourceDraft::Image {
            reference: reference.to_owned(),
        },
        build: None,
        port: Some(8080),
        run: None,
    };
    let made = world.control.create_app(&world.owner, environment, app);
    made.await.unwrap().id
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn an_account_is_kept_encrypted_and_reaches_its_teams_deployments_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let made = save(&world, "GHCR.io").await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.host.as_str()),
        ("ghcr.io", "ghcr.io")
    );
    assert_eq!(
        fields(save(&world, "https://ghcr.io").await),
        ["conflict:host"]
    );
    let row: (Vec<u8>,) = sqlx::query_as("SELECT secret FROM registries")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(!row.0.windows(9).any(|bytes| bytes == b"hush-hush"));

    let wrong = draft("no host", None);
    let wrong = control.plan_registry(&world.owner, None, &wrong).await;
    assert_eq!(fields(wrong.map(drop)), ["host", "password"]);
    // The password stays with its host.
    let id = Some(made.id);
    let same = control
        .plan_registry(&world.owner, id, &draft("ghcr.io", None))
        .await;
    assert_eq!(same.unwrap().account().password.expose(), "hush-hush");
    let moved = control
        .plan_registry(&world.owner, id, &draft("evil.example.com", None))
        .await;
    assert_eq!(fields(moved.map(drop)), ["password"]);

    let by_developer = control
        .plan_registry(&world.developer, id, &draft("ghcr.io", None))
        .await;
    assert!(matches!(
        by_developer.map(drop),
        Err(ControlError::Forbidden { .. })
    ));
    let by_stranger = control.show_registry(&world.stranger, made.id).await;
    assert!(matches!(by_stranger, Err(ControlError::NotFound)));
    assert!(
        control
            .list_registries(&world.stranger)
            .await
            .unwrap()
            .is_empty()
    );

    let service = image_app(&world, "ghcr.io/ann/shop:main").await;
    world.deploy(service).await;
    let claimed = control.claim(Uuid::now_v7(), LEASE).await.unwrap().unwrap();
    assert_eq!(claimed.registries[0].host.as_str(), "ghcr.io");
    assert!(
        claimed
            .redact
            .iter()
            .any(|value| value.expose() == "hush-hush")
    );
    control
        .delete_registry(&world.owner, made.id)
        .await
        .unwrap();
    assert!(
        control
            .list_registries(&world.owner)
            .await
            .unwrap()
            .is_empty()
    );
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_new_image_deploys_when_it_is_the_services(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let service = image_app(&world, "ann/shop:main").await;
    let hook = control.make_hook(&world.owner, service).await.unwrap();
    let id = hook.view.url.rsplit('/').next().unwrap().parse().unwrap();
    let secret = hook.secret.expose().to_owned();
    let receive = async |provider, signature: &str, body: &str| {
        let headers = HookHeaders {
            signature: Some(signature.to_owned()),
            ..HookHeaders::default()
        };
        control
            .receive_push(id, provider, &headers, body.as_bytes())
            .await
    };
    let hub = |tag: &str, at: u32| {
        format!(
            r#"{{"push_data":{{"tag":"{tag}","pushed_at":{at},"pusher":"ann"}},
                "repository":{{"repo_name":"ann/shop","namespace":"ann","name":"shop"}}}}"#
        )
    };
    let registry = Provider::Registry;
    let answer = receive(registry, &secret, &hub("main", 1)).await.unwrap();
    assert_eq!(answer.decision, Decision::Deployed, "{}", answer.reason);
    assert_eq!(answer.reason, "ann/shop:main was pushed.");
    let again = receive(registry, &secret, &hub("main", 1)).await.unwrap();
    assert_eq!(again.decision, Decision::Repeated);
    let other = receive(registry, &secret, &hub("dev", 2)).await.unwrap();
    assert_eq!(other.decision, Decision::Ignored);
    assert!(
        other.reason.contains("ann/shop:dev was pushed"),
        "{}",
        other.reason
    );
    for wrong in ["", "guess", &secret[1..]] {
        let refused = receive(registry, wrong, &hub("main", 3)).await;
        assert!(matches!(refused, Err(HookError::BadSignature)), "{wrong}");
    }
    let named = r#"{"image":"ann/shop:sha-7"}"#;
    let answer = receive(registry, &secret, named).await.unwrap();
    assert_eq!(answer.decision, Decision::Deployed, "{}", answer.reason);
    let claimed = control.claim(Uuid::now_v7(), LEASE).await.unwrap().unwrap();
    let Origin::Image { reference } = claimed.specification.origin else {
        panic!("no image");
    };
    assert_eq!(reference.as_str(), "ann/shop:sha-7");
    let garbled = receive(registry, &secret, "{}").await;
    assert!(matches!(garbled, Err(HookError::Malformed(_))));
    // A hook of an app from a repository takes no images.
    let git = world.app("git").await.id;
    let hook = control.make_hook(&world.owner, git).await.unwrap();
    let id = hook.view.url.rsplit('/').next().unwrap().parse().unwrap();
    let headers = HookHeaders {
        signature: Some(hook.secret.expose().to_owned()),
        ..HookHeaders::default()
    };
    let body = hub("main", 9);
    let answer = control.receive_push(id, registry, &headers, body.as_bytes());
    assert_eq!(answer.await.unwrap().decision, Decision::Ignored);
}
