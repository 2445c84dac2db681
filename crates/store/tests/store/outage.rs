//! A database that does not answer.

use longshore_store::{StoreError, pool};

#[tokio::test]
async fn a_database_that_is_away_is_said_to_be_unavailable() {
    let folder = std::env::temp_dir().join("longshore-no-database-here");
    let url = format!("postgres:///x?host={}", folder.display());
    let pool = longshore_store::connect(&url, 1).unwrap();
    let answer = pool::ping(&pool).await;
    assert!(
        matches!(answer, Err(StoreError::Unavailable(_))),
        "{answer:?}"
    );
    assert!(longshore_store::connect("nonsense", 1).is_err());
}
