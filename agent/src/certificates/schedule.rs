//! When a certificate is renewed, and when a failed attempt is made again.

use std::time::Duration;

use rand::Rng;
use time::OffsetDateTime;

/// Pauses after the first, second, … failed attempt; the last one after all others. An
/// authority allows five failures of a name in an hour.
const PAUSES: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(20),
    Duration::from_hours(1),
    Duration::from_hours(4),
    Duration::from_hours(12),
];
/// After an authority said that it was asked too often.
const LIMITED: Duration = Duration::from_hours(3);
/// Of a pause, so much more or less, so that names do not come all at once.
const JITTER: f64 = 0.1;

/// When a certificate is renewed: after two thirds of its time, a little earlier or later.
pub(super) fn renewal(valid_from: OffsetDateTime, valid_until: OffsetDateTime) -> OffsetDateTime {
    let lifetime = (valid_until - valid_from).max(time::Duration::ZERO);
    let part = 2.0 / 3.0 + rand::rng().random_range(-0.02..=0.02);
    valid_from + lifetime * part
}

/// The pause after so many failed attempts, at least one.
pub(super) fn pause(failures: u32, is_limited: bool) -> Duration {
    let index = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = PAUSES
        .get(index)
        .copied()
        .unwrap_or(PAUSES[PAUSES.len() - 1]);
    let pause = if is_limited {
        pause.max(LIMITED)
    } else {
        pause
    };
    pause.mul_f64(1.0 + rand::rng().random_range(-JITTER..=JITTER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn renewal_comes_after_two_thirds() {
        let (from, until) = (
            datetime!(2026-01-01 0:00 UTC),
            datetime!(2026-04-01 0:00 UTC),
        );
        for _ in 0..100 {
            let at = renewal(from, until);
            let days = (at - from).whole_days();
            assert!((57..=62).contains(&days), "{days}");
        }
        assert_eq!(
            renewal(until, from),
            until,
            "a time that ends before it begins"
        );
    }

    #[test]
    fn pauses_grow_and_stay() {
        let minutes = |failures| pause(failures, false).as_secs() / 60;
        assert!(minutes(1) <= 1);
        assert!((4..=6).contains(&minutes(2)));
        assert!(minutes(6) >= 600 && minutes(60) >= 600);
        assert!(pause(1, true) > Duration::from_hours(2));
        // Within an hour no name fails five times.
        let shortest: f64 = (1..=4)
            .map(|n| pause(n, false).as_secs_f64() / 1.1 * 0.9)
            .sum();
        assert!(shortest > 3600.0, "{shortest}");
    }
}
