//! API tokens.

use longshore_domain::{ApiTokenId, Role, TeamId, UserId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::{Result, StoreError, teams};

/// An API token.
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// Its id.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it was last used, to within some minutes.
    pub used_at: Option<OffsetDateTime>,
}

/// Whom a token speaks for.
#[derive(Debug, Clone, Copy)]
pub struct TokenOwner {
    /// The token.
    pub token: ApiTokenId,
    /// The user.
    pub user: UserId,
    /// The team in which the token acts.
    pub team: TeamId,
    /// The user's role in it.
    pub role: Role,
}

/// Adds a token.
///
/// # Errors
/// [`crate::Conflict::TokenName`].
pub async fn insert(
    connection: &mut PgConnection,
    id: ApiTokenId,
    team: TeamId,
    user: UserId,
    name: &str,
    token_hash: &[u8],
) -> Result<TokenRecord> {
    Ok(sqlx::query_as!(
        TokenRecord,
        "INSERT INTO api_tokens (id, team_id, user_id, name, token_hash)
         VALUES ($1, $2, $3, $4, $5) RETURNING id, name, created_at, used_at",
        id.0,
        team.0,
        user.0,
        name,
        token_hash,
    )
    .fetch_one(connection)
    .await?)
}

/// A user's tokens, the newest first.
pub async fn list_of_user(connection: &mut PgConnection, user: UserId) -> Result<Vec<TokenRecord>> {
    Ok(sqlx::query_as!(
        TokenRecord,
        "SELECT id, name, created_at, used_at FROM api_tokens WHERE user_id = $1
         ORDER BY created_at DESC, id DESC LIMIT 500",
        user.0,
    )
    .fetch_all(connection)
    .await?)
}

/// Revokes a user's token.
///
/// # Errors
/// [`StoreError::Missing`] when the user has no such token.
pub async fn delete(connection: &mut PgConnection, user: UserId, id: ApiTokenId) -> Result<()> {
    let done = sqlx::query!(
        "DELETE FROM api_tokens WHERE user_id = $1 AND id = $2",
        user.0,
        id.0
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    Ok(())
}

/// Whom the token with this hash speaks for; notes that it was used.
pub async fn find_owner(
    connection: &mut PgConnection,
    token_hash: &[u8],
) -> Result<Option<TokenOwner>> {
    let row = sqlx::query!(
        r#"SELECT t.id, t.user_id, t.team_id, m.role,
                  t.used_at IS NULL OR t.used_at < now() - interval '5 minutes' AS "stale!"
           FROM api_tokens t JOIN memberships m USING (team_id, user_id)
           WHERE t.token_hash = $1"#,
        token_hash,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    if row.stale {
        sqlx::query!(
            "UPDATE api_tokens SET used_at = now() WHERE id = $1",
            row.id
        )
        .execute(connection)
        .await?;
    }
    Ok(Some(TokenOwner {
        token: row.id.into(),
        user: row.user_id.into(),
        team: row.team_id.into(),
        role: teams::role(&row.role)?,
    }))
}
