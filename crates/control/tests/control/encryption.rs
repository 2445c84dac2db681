//! Secrets at rest: nothing readable in the database, nothing readable with another key.

use longshore_control::*;
use longshore_domain::{DeploymentStatus, FailureKind};
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{LEASE, World, git, keyring, settings};

/// Every text and byte of the tables that hold secrets.
async fn dump(pool: &PgPool) -> String {
    let mut text = String::new();
    for table in [
        "variables",
        "services",
        "deployments",
        "hooks",
        "api_tokens",
    ] {
        let query = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_one(pool)
            .await
            .unwrap();
        text.push_str(&rows);
    }
    text
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_database_holds_no_secret_in_the_clear(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let (control, owner) = (&world.control, &world.owner);
    let token = GitAccessDraft::Token {
        username: None,
        token: "git-token-text".to_owned(),
    };
    let patch = AppPatch {
        source: Some(git("https://git.example.com/a", token)),
        ..AppPatch::default()
    };
    control.update_app(owner, service, patch).await.unwrap();
    world
        .set(
            VariableScope::Service(service),
            "KEY",
            "variable-text",
            true,
        )
        .await;
    world.deploy(service).await;
    let hook = control.make_hook(owner, service).await.unwrap();
    let draft = TokenDraft {
        name: "ci".to_owned(),
    };
    let token = control.create_token(owner, draft).await.unwrap();
    let dump = dump(&world.pool).await;
    for secret in [
        "git-token-text",
        "variable-text",
        hook.secret.expose(),
        token.token.expose(),
    ] {
        assert!(!dump.contains(secret), "{secret}");
        assert!(!dump.contains(&hex::encode(secret)), "{secret}");
    }
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn with_another_master_key_nothing_is_shown_or_deployed(pool: PgPool) {
    let world = World::new(pool).await;
    let service = world.app("web").await.id;
    let scope = VariableScope::Service(service);
    world.set(scope, "KEY", "text", false).await;
    let deployment = world.deploy(service).await;
    let other = Control::new(world.pool.clone(), keyring(2), settings(&world.files));
    let owner = &world.owner;
    let shown = other.list_variables(owner, scope).await;
    assert!(matches!(shown, Err(ControlError::Internal(_))));
    let asked = other
        .request_deployment(owner, service, DeploymentDraft::default())
        .await;
    assert!(matches!(asked, Err(ControlError::Internal(_))));
    let claimed = other.claim(Uuid::now_v7(), LEASE).await.unwrap();
    assert!(claimed.is_none());
    let view = other.show_deployment(owner, deployment.id).await.unwrap();
    assert_eq!(view.status, DeploymentStatus::Failed);
    assert_eq!(view.failure.unwrap().kind, FailureKind::Internal);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_ciphertext_moved_to_another_row_is_not_read(pool: PgPool) {
    let world = World::new(pool).await;
    let (one, other) = (world.app("one").await.id, world.app("other").await.id);
    world
        .set(VariableScope::Service(one), "KEY", "secret of one", true)
        .await;
    world
        .set(VariableScope::Service(other), "KEY", "x", false)
        .await;
    sqlx::query(
        "UPDATE variables SET value = (SELECT value FROM variables WHERE service_id = $1)
         WHERE service_id = $2",
    )
    .bind(one.0)
    .bind(other.0)
    .execute(&world.pool)
    .await
    .unwrap();
    let shown = world
        .control
        .list_variables(&world.owner, VariableScope::Service(other))
        .await;
    assert!(matches!(shown, Err(ControlError::Internal(_))));
}
