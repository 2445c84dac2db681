//! Set-up, sign-in, sessions, tokens.

use std::net::IpAddr;
use std::time::Duration;

use longshore_control::store::sessions::{USER_ID, id_hash};
use longshore_control::*;
use longshore_domain::Role;
use sqlx::PgPool;
use time::OffsetDateTime;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};

use crate::world::{World, empty, fields, settings};

const PASSWORD: &str = "seven lazy herons wade";

fn setup(token: &str, email: &str, password: &str) -> SetupDraft {
    SetupDraft {
        token: token.to_owned(),
        email: email.to_owned(),
        name: "Ann".to_owned(),
        password: password.to_owned(),
    }
}

fn sign_in(email: &str, password: &str) -> SignInDraft {
    SignInDraft {
        email: email.to_owned(),
        password: password.to_owned(),
    }
}

fn peer(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn only_the_set_up_token_makes_the_first_administrator(pool: PgPool) {
    let (control, files) = empty(&pool);
    let file = settings(&files).setup_token_file;
    assert!(control.needs_setup().await.unwrap());
    let without = control.set_up(setup("", "ann@example.com", PASSWORD)).await;
    assert!(matches!(without, Err(ControlError::Refused { .. })));
    std::fs::write(&file, "\n").unwrap();
    let empty = control.set_up(setup("", "ann@example.com", PASSWORD)).await;
    assert!(matches!(empty, Err(ControlError::Refused { .. })));

    std::fs::write(&file, "right-token\n").unwrap();
    let wrong = control.set_up(setup("wrong", "", "")).await;
    assert_eq!(fields(wrong), ["token"]);
    let all = control
        .set_up(setup("right-token", "nobody", "short"))
        .await;
    assert_eq!(fields(all), ["email", "password"]);
    assert!(control.needs_setup().await.unwrap());
    let user = control
        .set_up(setup(" right-token ", "Ann@Example.com", PASSWORD))
        .await
        .unwrap();
    assert!(!file.exists());
    assert!(!control.needs_setup().await.unwrap());
    let actor = control.actor_for_user(user).await.unwrap();
    assert!(actor.administrator);
    assert_eq!(actor.role, Role::Owner);
    std::fs::write(&file, "right-token").unwrap();
    let again = control
        .set_up(setup("right-token", "bea@example.com", PASSWORD))
        .await;
    assert!(matches!(again, Err(ControlError::Refused { .. })));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn of_two_set_ups_at_once_one_wins(pool: PgPool) {
    let (control, files) = empty(&pool);
    std::fs::write(settings(&files).setup_token_file, "token").unwrap();
    let other = control.clone();
    let (one, two) = tokio::join!(
        control.set_up(setup("token", "ann@example.com", PASSWORD)),
        other.set_up(setup("token", "bea@example.com", PASSWORD)),
    );
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn attempts_of_an_account_are_limited(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let draft = UserDraft {
        email: "ann@example.com".to_owned(),
        password: Some(PASSWORD.to_owned()),
        ..UserDraft::default()
    };
    let user = control.create_user(draft).await.unwrap().user;
    for last in 0..5 {
        let wrong = control
            .sign_in(sign_in("ann@example.com", "wrong"), peer(last))
            .await;
        assert!(
            matches!(wrong, Err(ControlError::Unauthenticated)),
            "{last}"
        );
    }
    let blocked = control
        .sign_in(sign_in("ANN@example.com", PASSWORD), peer(9))
        .await;
    let Err(ControlError::TooManyAttempts { retry_after }) = blocked else {
        panic!("the right password was taken in a block");
    };
    assert!(retry_after <= Duration::from_secs(31));
    world.clock.advance(time::Duration::seconds(31));
    let right = control
        .sign_in(sign_in("ann@example.com", PASSWORD), peer(9))
        .await;
    assert_eq!(right.unwrap(), user);
    // Forgotten with the right password.
    let wrong = control
        .sign_in(sign_in("ann@example.com", "wrong"), peer(9))
        .await;
    assert!(matches!(wrong, Err(ControlError::Unauthenticated)));
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn attempts_of_a_peer_are_limited_whatever_the_account(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    for index in 0..20 {
        let email = format!("nobody{index}@example.com");
        let wrong = control.sign_in(sign_in(&email, "wrong"), peer(1)).await;
        assert!(matches!(wrong, Err(ControlError::Unauthenticated)));
    }
    let blocked = control
        .sign_in(sign_in("not an address", "x"), peer(1))
        .await;
    assert!(matches!(blocked, Err(ControlError::TooManyAttempts { .. })));
    let other = control
        .sign_in(sign_in("x@example.com", "x"), peer(2))
        .await;
    assert!(matches!(other, Err(ControlError::Unauthenticated)));
    world.clock.advance(time::Duration::minutes(16));
    let later = control
        .sign_in(sign_in("x@example.com", "x"), peer(1))
        .await;
    assert!(matches!(later, Err(ControlError::Unauthenticated)));
    world.clock.advance(time::Duration::days(2));
    control.tidy().await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM login_failures")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn attempts_at_once_cannot_slip_through(pool: PgPool) {
    let world = World::new(pool).await;
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let control = world.control.clone();
            tokio::task::spawn(async move {
                control
                    .sign_in(sign_in("ann@example.com", "wrong"), peer(1))
                    .await
            })
        })
        .collect();
    let mut looked_at = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Err(ControlError::Unauthenticated) => looked_at += 1,
            Err(ControlError::TooManyAttempts { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(looked_at, 5);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_new_password_ends_the_other_sessions(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let draft = UserDraft {
        email: "ann@example.com".to_owned(),
        ..UserDraft::default()
    };
    let created = control.create_user(draft).await.unwrap();
    let generated = created.password.unwrap();
    let actor = control.actor_for_user(created.user).await.unwrap();
    assert_eq!(actor.role, Role::Developer);
    let store = control.session_store();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let mut record = Record {
            id: Id::default(),
            data: [(USER_ID.to_owned(), created.user.to_string().into())].into(),
            expiry_date: OffsetDateTime::now_utc() + time::Duration::hours(1),
        };
        store.create(&mut record).await.unwrap();
        ids.push(record.id);
    }
    let current = id_hash(ids[0].0);
    let sessions = control.list_sessions(&actor, Some(&current)).await.unwrap();
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions.iter().filter(|session| session.current).count(), 1);

    let change = |current: &str, new: &str| PasswordDraft {
        current: current.to_owned(),
        new: new.to_owned(),
    };
    let wrong = control
        .change_password(&actor, change("wrong", PASSWORD), Some(&current))
        .await;
    assert_eq!(fields(wrong), ["current"]);
    let weak = control
        .change_password(&actor, change(generated.expose(), "short"), Some(&current))
        .await;
    assert_eq!(fields(weak), ["new"]);
    control
        .change_password(&actor, change(generated.expose(), PASSWORD), Some(&current))
        .await
        .unwrap();
    assert!(store.load(&ids[0]).await.unwrap().is_some());
    assert!(store.load(&ids[1]).await.unwrap().is_none());
    control
        .sign_in(sign_in("ann@example.com", PASSWORD), peer(1))
        .await
        .unwrap();

    let own = hex::encode(current);
    let foreign = control.end_session(&world.owner, &own).await;
    assert!(matches!(foreign, Err(ControlError::NotFound)));
    let nonsense = control.end_session(&actor, "zz").await;
    assert!(matches!(nonsense, Err(ControlError::NotFound)));
    control.end_session(&actor, &own).await.unwrap();
    control.sign_out_everywhere(&actor).await.unwrap();
    assert!(
        control
            .list_sessions(&actor, None)
            .await
            .unwrap()
            .is_empty()
    );
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_token_speaks_for_its_user_until_it_is_revoked(pool: PgPool) {
    let world = World::new(pool).await;
    let control = &world.control;
    let draft = |name: &str| TokenDraft {
        name: name.to_owned(),
    };
    let new = control
        .create_token(&world.developer, draft("ci"))
        .await
        .unwrap();
    let text = new.token.expose().to_owned();
    assert!(text.starts_with("lsh_") && text.len() == 47);
    let stored: Vec<u8> = sqlx::query_scalar("SELECT token_hash FROM api_tokens")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(stored.len(), 32);
    let actor = control.actor_for_token(&text).await.unwrap();
    assert_eq!(actor.user, world.developer.user);
    assert_eq!(actor.via, Via::Token(new.view.id));
    assert!(
        control.list_tokens(&actor).await.unwrap()[0]
            .used_at
            .is_some()
    );

    let twice = control.create_token(&world.developer, draft("ci")).await;
    assert_eq!(fields(twice), ["conflict:name"]);
    let unnamed = control.create_token(&world.developer, draft(" ")).await;
    assert_eq!(fields(unnamed), ["name"]);
    for wrong in [
        "",
        "lsh_",
        &text[..46],
        "lsh_ü",
        &text.replace("lsh_", "lsx_"),
    ] {
        let answer = control.actor_for_token(wrong).await;
        assert!(
            matches!(answer, Err(ControlError::Unauthenticated)),
            "{wrong}"
        );
    }
    let foreign = control.revoke_token(&world.owner, new.view.id).await;
    assert!(matches!(foreign, Err(ControlError::NotFound)));
    control.revoke_token(&actor, new.view.id).await.unwrap();
    let gone = control.actor_for_token(&text).await;
    assert!(matches!(gone, Err(ControlError::Unauthenticated)));

    let token = control
        .create_token_for("Viewer@example.com", "cli")
        .await
        .unwrap();
    let actor = control.actor_for_token(token.expose()).await.unwrap();
    assert_eq!(actor.role, Role::Viewer);
    let nobody = control.create_token_for("none@example.com", "cli").await;
    assert_eq!(fields(nobody.map(|_| ())), ["email"]);
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn the_first_user_of_the_machine_owns_it(pool: PgPool) {
    let (control, files) = empty(&pool);
    let file = settings(&files).setup_token_file;
    std::fs::write(&file, "token").unwrap();
    let draft = |email: &str| UserDraft {
        email: email.to_owned(),
        password: Some(PASSWORD.to_owned()),
        ..UserDraft::default()
    };
    let first = control.create_user(draft("ann@example.com")).await.unwrap();
    assert!(first.password.is_none());
    assert!(!file.exists());
    let actor = control.actor_for_user(first.user).await.unwrap();
    assert!(actor.administrator);
    assert_eq!(actor.name.as_str(), "ann");
    let second = control.create_user(draft("bea@example.com")).await.unwrap();
    let other = control.actor_for_user(second.user).await.unwrap();
    assert!(!other.administrator);
    assert_eq!(other.team, actor.team);
    let twice = control.create_user(draft("ANN@example.com")).await;
    assert_eq!(fields(twice.map(|_| ())), ["conflict:email"]);
}
