//! Whether a version that has just become live starts to fail.

use time::OffsetDateTime;

use crate::{Failure, FailureKind};

/// From this many ends on a version does not just have a bad moment.
const CRASHES: usize = 2;

/// One end of a container that should run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerEnd {
    /// When it ended.
    pub at: OffsetDateTime,
    /// Why.
    pub kind: FailureKind,
    /// Why, as a sentence.
    pub message: String,
}

/// The time in which a version is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchWindow {
    /// When it became live.
    pub since: OffsetDateTime,
    /// Until when it is watched.
    pub until: OffsetDateTime,
}

impl WatchWindow {
    /// What a version's ends within the window mean: a failure when one of its containers
    /// used up its memory or did not pass its health check any more, or when containers
    /// ended more than once for another reason. None while it may just have stumbled.
    pub fn verdict(self, ends: &[ContainerEnd]) -> Option<Failure> {
        let mut ends: Vec<&ContainerEnd> = ends
            .iter()
            .filter(|end| (self.since..=self.until).contains(&end.at))
            .collect();
        ends.sort_by_key(|end| end.at);
        let decisive = ends.iter().find(|end| is_decisive(end.kind)).copied();
        let told = match decisive {
            Some(end) => end,
            None if ends.len() >= CRASHES => ends.last()?,
            None => return None,
        };
        let after = (told.at - self.since).whole_seconds().max(0);
        let times = if decisive.is_none() && ends.len() > 1 {
            format!(" for the {} time", ordinal(ends.len()))
        } else {
            String::new()
        };
        Some(Failure::new(
            None,
            told.kind,
            format!(
                "{} That happened{times} {after} seconds after it had become live.",
                told.message
            ),
        ))
    }
}

fn is_decisive(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::OutOfMemory | FailureKind::HealthCheck | FailureKind::PortNotListening
    )
}

fn ordinal(number: usize) -> String {
    match number {
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        _ => format!("{number}th"),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const LIVE: OffsetDateTime = datetime!(2026-01-02 03:04:00 UTC);

    fn window() -> WatchWindow {
        WatchWindow {
            since: LIVE,
            until: LIVE + time::Duration::seconds(60),
        }
    }

    fn end(after: i64, kind: FailureKind) -> ContainerEnd {
        ContainerEnd {
            at: LIVE + time::Duration::seconds(after),
            kind,
            message: "It ended.".to_owned(),
        }
    }

    #[test]
    fn one_stumble_is_forgiven() {
        let ends = [end(10, FailureKind::CrashLoop)];
        assert_eq!(window().verdict(&ends), None);
    }

    #[test]
    fn two_ends_are_a_failure_whatever_their_order() {
        let ends = [
            end(20, FailureKind::CrashLoop),
            end(10, FailureKind::CrashLoop),
        ];
        let failure = window().verdict(&ends).unwrap();
        assert_eq!(failure.kind, FailureKind::CrashLoop);
        assert_eq!(
            failure.message,
            "It ended. That happened for the second time 20 seconds after it had become live."
        );
    }

    #[test]
    fn memory_and_health_count_at_once() {
        for kind in [FailureKind::OutOfMemory, FailureKind::HealthCheck] {
            let failure = window().verdict(&[end(30, kind)]).unwrap();
            assert_eq!(failure.kind, kind);
        }
    }

    #[test]
    fn what_happened_before_or_behind_the_window_does_not_count() {
        let ends = [
            end(-5, FailureKind::OutOfMemory),
            end(5, FailureKind::CrashLoop),
            end(61, FailureKind::CrashLoop),
            end(70, FailureKind::OutOfMemory),
        ];
        assert_eq!(window().verdict(&ends), None);
    }
}
