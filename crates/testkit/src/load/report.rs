//! What came of a load.

use std::collections::BTreeMap;
use std::time::Duration;

/// So many failures are kept in words.
const KEPT: usize = 10;

/// What came of a load.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Ordinary requests that were answered with success.
    pub answered: u64,
    /// Ordinary requests that were not.
    pub failed: u64,
    /// Requests that take long.
    pub slow: u64,
    /// Those of them that failed.
    pub slow_failed: u64,
    /// WebSockets that were opened.
    pub websockets: u64,
    /// Those of them that could not be, or were cut.
    pub websocket_failed: u64,
    /// Messages that came back on WebSockets.
    pub messages: u64,
    /// How often each text was the answer.
    pub texts: BTreeMap<String, u64>,
    /// The first failures, in words.
    pub reasons: Vec<String>,
    times_us: Vec<u32>,
}

impl Report {
    /// Everything that failed.
    pub fn failures(&self) -> u64 {
        self.failed + self.slow_failed + self.websocket_failed
    }

    /// The time within which this share of the requests was answered, 0 to 1.
    pub fn percentile(&self, share: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list of some thousand times"
        )]
        let place = ((self.times_us.len().saturating_sub(1)) as f64 * share).round() as usize;
        let time = self.times_us.get(place).copied().unwrap_or_default();
        Duration::from_micros(u64::from(time))
    }

    pub(super) fn answered(&mut self, took: Duration, text: &str) {
        self.answered += 1;
        *self.texts.entry(text.to_owned()).or_default() += 1;
        let took = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.times_us.push(took);
    }

    pub(super) fn failed(&mut self, reason: &str) {
        self.failed += 1;
        self.note(reason.to_owned());
    }

    pub(super) fn slow_failed(&mut self, reason: &str) {
        self.slow_failed += 1;
        self.note(format!("slow: {reason}"));
    }

    pub(super) fn websocket_failed(&mut self, reason: &str) {
        self.websocket_failed += 1;
        self.note(format!("WebSocket: {reason}"));
    }

    fn note(&mut self, reason: String) {
        if self.reasons.len() < KEPT {
            self.reasons.push(reason);
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        self.slow += other.slow;
        self.slow_failed += other.slow_failed;
        self.websockets += other.websockets;
        self.websocket_failed += other.websocket_failed;
        self.messages += other.messages;
        self.times_us.extend(other.times_us);
        for (text, count) in other.texts {
            *self.texts.entry(text).or_default() += count;
        }
        for reason in other.reasons {
            self.note(reason);
        }
    }

    pub(super) fn finish(mut self) -> Self {
        self.times_us.sort_unstable();
        self
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| self.percentile(share));
        write!(
            f,
            "{} of {} requests failed (half within {p50:.1?}, 99 % within {p99:.1?}, all within \
             {max:.1?}), {} of {} slow ones, {} of {} WebSockets with {} messages",
            self.failed,
            self.answered + self.failed,
            self.slow_failed,
            self.slow,
            self.websocket_failed,
            self.websockets,
            self.messages,
        )?;
        for reason in &self.reasons {
            write!(f, "\n{reason}")?;
        }
        Ok(())
    }
}
