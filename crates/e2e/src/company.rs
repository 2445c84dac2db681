//! Which tests of one program may have a Longshore at the same time.
//!
//! `cargo test` runs several of a program at once. They share Docker: one that kills it, or that
//! measures time, has to be alone.

use std::sync::{Arc, LazyLock};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

static TESTS: LazyLock<Arc<RwLock<()>>> = LazyLock::new(Arc::default);

/// Held as long as a Longshore is there.
#[expect(dead_code, reason = "they are held, not read")]
pub(crate) enum Company {
    /// Others may be there.
    Some(OwnedRwLockReadGuard<()>),
    /// No other is.
    None(OwnedRwLockWriteGuard<()>),
}

impl Company {
    /// Waits until nobody is alone.
    pub(crate) async fn join() -> Self {
        Self::Some(Arc::clone(&TESTS).read_owned().await)
    }

    /// Waits until nobody is there.
    pub(crate) async fn leave() -> Self {
        Self::None(Arc::clone(&TESTS).write_owned().await)
    }
}
