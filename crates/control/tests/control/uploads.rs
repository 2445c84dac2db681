//! Archives of apps.

use longshore_control::*;
use longshore_domain::ServiceId;
use longshore_domain::specification::Origin;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{LEASE, World, fields};

fn uploaded(digit: &str) -> Uploaded {
    Uploaded {
        digest: digit.repeat(64).parse().unwrap(),
        size_bytes: 1024,
        files: 3,
        unpacked_bytes: 4096,
    }
}

async fn upload_app(world: &World) -> ServiceId {
    let environment = world.project("Uploads").await.environments[0].id;
    let draft = AppDraft {
        name: "site".to_owned(),
        source: SourceDraft::Upload,
        build: None,
        port: Some(8080),
        run: None,
    };
    world
        .control
        .create_app(&world.owner, environment, draft)
        .await
        .unwrap()
        .id
}

async fn take(world: &World, service: ServiceId, digit: &str) -> DeploymentView {
    let name = format!("{digit}.zip").parse().unwrap();
    world
        .control
        .take_upload(&world.owner, service, name, &uploaded(digit), true)
        .await
        .unwrap()
        .unwrap()
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn an_archive_is_deployed_kept_while_in_use_and_shown_after_a_rollback(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let service = upload_app(&world).await;
    let nothing = control
        .request_deployment(&world.owner, service, DeploymentDraft::default())
        .await;
    assert!(
        nothing
            .unwrap_err()
            .to_string()
            .contains("upload an archive")
    );

    let first = take(&world, service, "a").await;
    assert_eq!(first.archive.unwrap().name.as_str(), "a.zip");
    world.work_until_live().await;
    take(&world, service, "b").await;
    let worker = Uuid::now_v7();
    let claimed = control.claim(worker, LEASE).await.unwrap().unwrap();
    let Origin::Upload { archive, .. } = &claimed.specification.origin else {
        panic!("no upload");
    };
    assert_eq!(archive.digest, uploaded("b").digest);
    // The one at work, and the newest one.
    let kept = |state: work::DesiredState| {
        let mut kept = state.uploads;
        kept.sort();
        kept
    };
    take(&world, service, "c").await;
    let state = control.desired_state().await.unwrap();
    assert_eq!(kept(state), [uploaded("b").digest, uploaded("c").digest]);
    let outcome = work::Outcome::Live {
        image: "site:2".to_owned(),
        digest: "sha256:2".to_owned(),
    };
    control.finish(claimed.id, worker, outcome).await.unwrap();
    let state = control.desired_state().await.unwrap();
    assert_eq!(kept(state), [uploaded("c").digest]);

    world.work_until_live().await;
    let back = control
        .roll_back(&world.owner, service, claimed.id, VariablesOf::Then)
        .await
        .unwrap();
    assert_eq!(back.archive.unwrap().name.as_str(), "b.zip");

    // Other settings leave the archive; another source takes it away.
    let patch = |source| AppPatch {
        source: Some(source),
        ..AppPatch::default()
    };
    let archive = |view: ServiceView| match view.source {
        SourceView::Upload { archive } => archive.map(|archive| archive.name.to_string()),
        other => panic!("{other:?}"),
    };
    let same = control.update_app(&world.owner, service, patch(SourceDraft::Upload));
    assert_eq!(archive(same.await.unwrap()).as_deref(), Some("c.zip"));
    let image = SourceDraft::Image {
        reference: "nginx:1".to_owned(),
    };
    control
        .update_app(&world.owner, service, patch(image))
        .await
        .unwrap();
    let name = "d.zip".parse().unwrap();
    let late = control
        .take_upload(&world.owner, service, name, &uploaded("d"), true)
        .await;
    assert!(late.unwrap_err().to_string().contains("Choose Upload"));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn only_who_may_change_an_app_may_upload_to_it(pool: PgPool) {
    let world = World::new(pool).await;
    let service = upload_app(&world).await;
    let check = |actor| world.control.check_upload(actor, service, "a.zip");
    assert!(check(&world.developer).await.is_ok());
    assert!(matches!(
        check(&world.viewer).await,
        Err(ControlError::Forbidden { .. })
    ));
    assert!(matches!(
        check(&world.stranger).await,
        Err(ControlError::NotFound)
    ));
    let name = world.control.check_upload(&world.owner, service, "a/b.zip");
    assert_eq!(fields(name.await), ["name"]);
}
