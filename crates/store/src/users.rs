//! Users.

use longshore_domain::{EmailAddress, PersonName, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::parse;
use crate::{Result, StoreError};

/// A user.
#[derive(Debug, Clone)]
pub struct UserRecord {
    /// The id.
    pub id: UserId,
    /// The e-mail address.
    pub email: EmailAddress,
    /// The name.
    pub name: PersonName,
    /// The password's hash in PHC form.
    pub password_hash: String,
    /// Whether the user manages the installation.
    pub administrator: bool,
}

struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    password_hash: String,
    administrator: bool,
}

impl TryFrom<UserRow> for UserRecord {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            email: parse("e-mail address", &row.email)?,
            name: parse("name", &row.name)?,
            password_hash: row.password_hash,
            administrator: row.administrator,
        })
    }
}

/// Whether there is any user.
pub async fn any_exists(connection: &mut PgConnection) -> Result<bool> {
    let row = sqlx::query!(r#"SELECT EXISTS (SELECT 1 FROM users) AS "exists!""#)
        .fetch_one(connection)
        .await?;
    Ok(row.exists)
}

/// Lets one transaction after the other make users, so that only one is the first.
pub async fn lock_creation(connection: &mut PgConnection) -> Result<()> {
    // The number names this lock and nothing else.
    sqlx::query!(r#"SELECT true AS "locked!" FROM pg_advisory_xact_lock(7305941)"#)
        .fetch_one(connection)
        .await?;
    Ok(())
}

/// Adds a user.
///
/// # Errors
/// [`crate::Conflict::UserEmail`].
pub async fn insert(connection: &mut PgConnection, user: &UserRecord) -> Result<()> {
    sqlx::query!(
        "INSERT INTO users (id, email, name, password_hash, administrator)
         VALUES ($1, $2, $3, $4, $5)",
        user.id.0,
        user.email.as_str(),
        user.name.as_str(),
        user.password_hash,
        user.administrator,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The user with an id.
pub async fn find(connection: &mut PgConnection, id: UserId) -> Result<Option<UserRecord>> {
    sqlx::query_as!(
        UserRow,
        "SELECT id, email, name, password_hash, administrator FROM users WHERE id = $1",
        id.0,
    )
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// The user with an e-mail address.
pub async fn find_by_email(
    connection: &mut PgConnection,
    email: &EmailAddress,
) -> Result<Option<UserRecord>> {
    sqlx::query_as!(
        UserRow,
        "SELECT id, email, name, password_hash, administrator FROM users WHERE email = $1",
        email.as_str(),
    )
    .fetch_optional(connection)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// Changes a password's hash.
pub async fn update_password(
    connection: &mut PgConnection,
    id: UserId,
    password_hash: &str,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE users SET password_hash = $2 WHERE id = $1",
        id.0,
        password_hash
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Missing);
    }
    Ok(())
}
