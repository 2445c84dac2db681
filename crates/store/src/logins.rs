//! Attempts to sign in, counted by subject: an account or a peer address.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::Result;

/// The attempts of a subject in the present window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How many, with the present one.
    pub count: i32,
    /// Until when no attempt counts; set by an earlier attempt.
    pub blocked_until: Option<OffsetDateTime>,
}

/// Counts an attempt and keeps the subject's row locked until the transaction ends. A
/// window that began before `window_start` is forgotten.
pub async fn count(
    connection: &mut PgConnection,
    subject: &str,
    now: OffsetDateTime,
    window_start: OffsetDateTime,
) -> Result<Attempts> {
    Ok(sqlx::query_as!(
        Attempts,
        r#"INSERT INTO login_failures AS f (subject, failures, first_at)
           VALUES ($1, 1, $2)
           ON CONFLICT (subject) DO UPDATE SET
               failures = CASE WHEN f.first_at < $3 THEN 1 ELSE f.failures + 1 END,
               first_at = CASE WHEN f.first_at < $3 THEN $2 ELSE f.first_at END
           RETURNING failures AS "count!", blocked_until"#,
        subject,
        now,
        window_start,
    )
    .fetch_one(connection)
    .await?)
}

/// Blocks a subject.
pub async fn block(
    connection: &mut PgConnection,
    subject: &str,
    until: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "UPDATE login_failures SET blocked_until = $2 WHERE subject = $1",
        subject,
        until,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets the attempts of a subject.
pub async fn forget(connection: &mut PgConnection, subject: &str) -> Result<()> {
    sqlx::query!("DELETE FROM login_failures WHERE subject = $1", subject)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes back one attempt of a subject, because it was none.
pub async fn take_back(connection: &mut PgConnection, subject: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE login_failures SET failures = greatest(failures - 1, 0), blocked_until = NULL
         WHERE subject = $1",
        subject,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets subjects without an attempt since then.
pub async fn delete_before(connection: &mut PgConnection, before: OffsetDateTime) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM login_failures
         WHERE first_at < $1 AND (blocked_until IS NULL OR blocked_until < $1)",
        before,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
