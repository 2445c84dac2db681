//! The session store.

use longshore_domain::UserId;
use longshore_store::sessions::{
    self, PEER_ADDRESS, PgSessionStore, USER_AGENT, USER_ID, delete_all_of_user,
};
use longshore_store::users;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::{ExpiredDeletion, SessionStore};

fn record(user: Option<UserId>, lasts: Duration) -> Record {
    let mut data = std::collections::HashMap::new();
    if let Some(user) = user {
        data.insert(USER_ID.to_owned(), user.to_string().into());
        data.insert(USER_AGENT.to_owned(), "Browser".into());
        data.insert(PEER_ADDRESS.to_owned(), "192.0.2.1".into());
    }
    Record {
        id: Id::default(),
        data,
        expiry_date: OffsetDateTime::now_utc() + lasts,
    }
}

async fn user(pool: &PgPool) -> UserId {
    let user = users::UserRecord {
        id: UserId::generate(),
        email: "ann@example.com".parse().unwrap(),
        name: "Ann".parse().unwrap(),
        password_hash: String::new(),
        administrator: false,
    };
    let mut connection = pool.acquire().await.unwrap();
    users::insert(&mut connection, &user).await.unwrap();
    user.id
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn a_session_is_kept_under_the_hash_of_its_id(pool: PgPool) {
    let store = PgSessionStore::new(pool.clone());
    let user = user(&pool).await;
    let mut session = record(None, Duration::hours(1));
    store.create(&mut session).await.unwrap();
    let id = session.id;
    session.data = record(Some(user), Duration::ZERO).data;
    store.save(&session).await.unwrap();
    let loaded = store.load(&id).await.unwrap().unwrap();
    assert_eq!(loaded.data, session.data);
    let stored: Vec<u8> = sqlx::query_scalar("SELECT id_hash FROM sessions")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(stored, sessions::id_hash(id.0));
    let mut connection = pool.acquire().await.unwrap();
    let list = sessions::list_of_user(&mut connection, user).await.unwrap();
    assert_eq!(list[0].user_agent, "Browser");
    assert_eq!(list[0].peer_address, "192.0.2.1");

    // The same id again gets another one.
    let mut twice = record(None, Duration::hours(1));
    twice.id = id;
    store.create(&mut twice).await.unwrap();
    assert_ne!(twice.id, id);
    store.delete(&id).await.unwrap();
    assert!(store.load(&id).await.unwrap().is_none());
}

#[sqlx::test(migrator = "longshore_store::MIGRATOR")]
async fn an_ended_session_does_not_come_back(pool: PgPool) {
    let store = PgSessionStore::new(pool.clone());
    let user = user(&pool).await;
    let mut session = record(Some(user), Duration::hours(1));
    store.create(&mut session).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let ended = delete_all_of_user(&mut connection, user, None)
        .await
        .unwrap();
    assert_eq!(ended, 1);
    // A request that was under way writes its session.
    store.save(&session).await.unwrap();
    assert!(store.load(&session.id).await.unwrap().is_none());

    let mut expired = record(Some(user), Duration::seconds(-1));
    store.create(&mut expired).await.unwrap();
    assert!(store.load(&expired.id).await.unwrap().is_none());
    store.delete_expired().await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM sessions")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(left, 0);
}
