//! `tower-sessions` over the table `sessions`.

use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::Value;
use sqlx::PgPool;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result};
use tower_sessions_core::{ExpiredDeletion, SessionStore};
use uuid::Uuid;

use super::{PEER_ADDRESS, USER_AGENT, USER_ID, id_hash};

/// Keeps sessions in PostgreSQL.
#[derive(Debug, Clone)]
pub struct PgSessionStore {
    pool: PgPool,
}

impl PgSessionStore {
    /// A store over this pool.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl SessionStore for PgSessionStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        loop {
            if insert(&self.pool, record).await? {
                return Ok(());
            }
            // The id was in use: take another.
            record.id = Id::default();
        }
    }

    /// Changes a session that exists. One that was ended meanwhile (signed out
    /// everywhere) is not brought back to life by a request that was under way.
    async fn save(&self, record: &Record) -> Result<()> {
        let columns = Columns::of(record)?;
        sqlx::query!(
            "UPDATE sessions SET user_id = $2, data = $3, user_agent = $4, peer_address = $5,
                    expires_at = $6, seen_at = now()
             WHERE id_hash = $1",
            &columns.id_hash[..],
            columns.user,
            columns.data,
            columns.user_agent,
            columns.peer_address,
            record.expiry_date,
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let hash = id_hash(id.0);
        let row = sqlx::query!(
            r#"SELECT data, expires_at, seen_at < now() - interval '5 minutes' AS "stale!"
               FROM sessions WHERE id_hash = $1 AND expires_at > now()"#,
            &hash[..],
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(backend)?;
        let Some(row) = row else {
            return Ok(None);
        };
        if row.stale {
            sqlx::query!(
                "UPDATE sessions SET seen_at = now() WHERE id_hash = $1",
                &hash[..]
            )
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        }
        let data: HashMap<String, Value> =
            serde_json::from_value(row.data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date: row.expires_at,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sqlx::query!(
            "DELETE FROM sessions WHERE id_hash = $1",
            &id_hash(id.0)[..]
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(())
    }
}

#[async_trait]
impl ExpiredDeletion for PgSessionStore {
    async fn delete_expired(&self) -> Result<()> {
        sqlx::query!("DELETE FROM sessions WHERE expires_at <= now()")
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }
}

async fn insert(pool: &PgPool, record: &Record) -> Result<bool> {
    let columns = Columns::of(record)?;
    let done = sqlx::query!(
        "INSERT INTO sessions (id_hash, user_id, data, user_agent, peer_address, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id_hash) DO NOTHING",
        &columns.id_hash[..],
        columns.user,
        columns.data,
        columns.user_agent,
        columns.peer_address,
        record.expiry_date,
    )
    .execute(pool)
    .await
    .map_err(backend)?;
    Ok(done.rows_affected() == 1)
}

struct Columns {
    id_hash: [u8; 32],
    user: Option<Uuid>,
    data: Value,
    user_agent: String,
    peer_address: String,
}

impl Columns {
    fn of(record: &Record) -> Result<Self> {
        let text = |key: &str| -> String {
            let text = record.data.get(key).and_then(Value::as_str).unwrap_or("");
            text.chars().take(300).collect()
        };
        Ok(Self {
            id_hash: id_hash(record.id.0),
            user: Uuid::parse_str(&text(USER_ID)).ok(),
            data: serde_json::to_value(&record.data)
                .map_err(|error| Error::Encode(error.to_string()))?,
            user_agent: text(USER_AGENT),
            peer_address: text(PEER_ADDRESS),
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}
