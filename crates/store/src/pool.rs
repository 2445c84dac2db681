//! The connection pool and the embedded migrations.

use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::{Result, StoreError};

/// The schema's history, embedded.
pub static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// A pool for a database URL such as `postgres:///longshore?host=/run/postgresql`. It
/// connects when first used, so that a database that starts later is no error here.
///
/// # Errors
/// When the URL cannot be read.
pub fn connect(url: &str, max_connections: u32) -> Result<PgPool> {
    let options: PgConnectOptions = url.parse()?;
    Ok(PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(5))
        .idle_timeout(Duration::from_mins(5))
        .connect_lazy_with(options.application_name("longshore")))
}

/// Brings the schema up to date; does nothing when it is. Several processes may do it at
/// once: they wait for each other.
///
/// # Errors
/// When the database does not answer, or was made by a later version.
pub async fn migrate(pool: &PgPool) -> Result<()> {
    MIGRATOR.run(pool).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Database(sqlx::Error::Migrate(Box::new(other))),
    })
}

/// Whether the database answers.
///
/// # Errors
/// When it does not.
pub async fn ping(pool: &PgPool) -> Result<()> {
    sqlx::query("SELECT 1").execute(pool).await?;
    Ok(())
}

/// A transaction; rolled back when dropped.
pub type Transaction = sqlx::Transaction<'static, sqlx::Postgres>;

/// A connection of the pool.
pub type PooledConnection = sqlx::pool::PoolConnection<sqlx::Postgres>;

/// A connection for reading.
///
/// # Errors
/// When the database does not answer.
pub async fn acquire(pool: &PgPool) -> Result<PooledConnection> {
    Ok(pool.acquire().await?)
}

/// Begins a transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(pool: &PgPool) -> Result<Transaction> {
    Ok(pool.begin().await?)
}

/// Begins a transaction that only reads and sees one state of the database throughout.
///
/// # Errors
/// When the database does not answer.
pub async fn begin_snapshot(pool: &PgPool) -> Result<Transaction> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}

/// Commits a transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn commit(transaction: Transaction) -> Result<()> {
    Ok(transaction.commit().await?)
}
