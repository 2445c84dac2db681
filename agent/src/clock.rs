//! The time of day, read in one place.

use time::OffsetDateTime;

/// Now, by the machine's clock.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the clock"
)]
pub fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
