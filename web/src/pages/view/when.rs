//! Moments, durations and sizes in words.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// A moment, ready to print.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When {
    /// For machines.
    pub machine: String,
    /// In full, for the tooltip.
    pub full: String,
    /// How long ago.
    pub ago: String,
}

impl When {
    /// A moment as seen from `now`.
    pub fn new(at: OffsetDateTime, now: OffsetDateTime) -> Self {
        let full = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
        let at_utc = at.to_offset(time::UtcOffset::UTC);
        Self {
            machine: at_utc.format(&Rfc3339).unwrap_or_default(),
            full: at_utc.format(&full).unwrap_or_default(),
            ago: ago((now - at).whole_seconds()),
        }
    }
}

/// How long ago something was, in the largest unit that fits.
fn ago(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..45 => return "just now".to_owned(),
        45..3_600 => ((seconds + 30) / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400..2_592_000 => (seconds / 86_400, "day"),
        2_592_000..31_536_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

/// A duration in the two largest units: `840 ms`, `4.2 s`, `1 m 05 s`, `2 h 10 m`.
pub fn duration(took: Duration) -> String {
    let seconds = took.as_secs();
    match seconds {
        0 => format!("{} ms", took.as_millis()),
        1..10 => format!("{:.1} s", took.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} m", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// A duration given in milliseconds; a negative one, by a clock set back, is none.
pub fn milliseconds(took: i64) -> String {
    duration(Duration::from_millis(u64::try_from(took).unwrap_or(0)))
}

/// A size in the largest binary unit that keeps it above one.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "shown with one digit behind the point"
    )]
    let mut value = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    format!("{value:.1} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_naturally() {
        for (took_ms, shown) in [
            (840, "840 ms"),
            (4_230, "4.2 s"),
            (42_000, "42 s"),
            (65_000, "1 m 05 s"),
            (7_800_000, "2 h 10 m"),
            (-5, "0 ms"),
        ] {
            assert_eq!(milliseconds(took_ms), shown);
        }
    }

    #[test]
    fn moments_read_naturally() {
        for (seconds, shown) in [
            (-20, "just now"),
            (3, "just now"),
            (60, "1 minute ago"),
            (7_300, "2 hours ago"),
            (90_000, "1 day ago"),
            (70_000_000, "2 years ago"),
        ] {
            assert_eq!(ago(seconds), shown);
        }
    }

    #[test]
    fn sizes_read_naturally() {
        for (bytes, shown) in [(12, "12 B"), (2048, "2.0 KiB"), (3_500_000_000, "3.3 GiB")] {
            assert_eq!(size(bytes), shown);
        }
    }
}
