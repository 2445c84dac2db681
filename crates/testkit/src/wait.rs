//! Waiting for a condition, with a limit instead of a sleep.

use std::time::{Duration, Instant};

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(50);

/// Waits until the condition gives something.
///
/// # Panics
/// When the limit passes before; the message names what was waited for.
pub async fn until<T, F>(what: &str, limit: Duration, condition: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let found = within(limit, condition).await;
    found.unwrap_or_else(|| panic!("waited {limit:?} in vain for {what}"))
}

/// Waits until the condition gives something; none when the limit passes before.
pub async fn within<T, F>(limit: Duration, condition: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    closely(INTERVAL, limit, condition).await
}

/// The same with looks that are so far apart, for what is over soon or is measured.
pub async fn closely<T, F>(
    interval: Duration,
    limit: Duration,
    mut condition: impl FnMut() -> F,
) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(found) = condition().await {
            return Some(found);
        }
        if start.elapsed() >= limit {
            return None;
        }
        tokio::time::sleep(interval).await;
    }
}
