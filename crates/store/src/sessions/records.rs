//! Sessions as a user manages them.

use longshore_domain::UserId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::Result;

/// A session.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// The SHA-256 of its id.
    pub id_hash: Vec<u8>,
    /// The browser's own name.
    pub user_agent: String,
    /// The address it signed in from.
    pub peer_address: String,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When it was last used, to within some minutes.
    pub seen_at: OffsetDateTime,
    /// When it ends.
    pub expires_at: OffsetDateTime,
}

/// A user's sessions that have not ended, the last used first.
pub async fn list_of_user(
    connection: &mut PgConnection,
    user: UserId,
) -> Result<Vec<SessionRecord>> {
    Ok(sqlx::query_as!(
        SessionRecord,
        "SELECT id_hash, user_agent, peer_address, created_at, seen_at, expires_at
         FROM sessions WHERE user_id = $1 AND expires_at > now()
         ORDER BY seen_at DESC LIMIT 200",
        user.0,
    )
    .fetch_all(connection)
    .await?)
}

/// Ends one session of a user; whether there was one.
pub async fn delete_of_user(
    connection: &mut PgConnection,
    user: UserId,
    id_hash: &[u8],
) -> Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM sessions WHERE user_id = $1 AND id_hash = $2",
        user.0,
        id_hash,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends all sessions of a user, but one if it is named; how many.
pub async fn delete_all_of_user(
    connection: &mut PgConnection,
    user: UserId,
    except: Option<&[u8]>,
) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM sessions WHERE user_id = $1 AND ($2::bytea IS NULL OR id_hash <> $2)",
        user.0,
        except,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
