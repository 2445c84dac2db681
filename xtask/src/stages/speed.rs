//! How fast this machine is now, beside the one where the usual times were measured.
//!
//! Between the stages, when nothing of the run is at work, every core does the same small work.
//! What it takes of a processor's time tells the machine; what it takes by the clock tells besides
//! what else is at work on it.

use std::collections::BTreeMap;
use std::fmt;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::cost;

/// What the work takes on a core of the machine where the usual times were measured.
const USUAL: Duration = Duration::from_millis(400);

/// Ratios to the usual machine: 2 is half as fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Of the processor.
    pub processor: f64,
    /// Of the machine with all that runs on it.
    pub clock: f64,
}

impl Speed {
    /// The usual machine with nothing else to do.
    #[cfg(test)]
    pub const USUAL: Self = Self {
        processor: 1.0,
        clock: 1.0,
    };

    /// Lets every core work for a moment.
    pub fn measure() -> anyhow::Result<Self> {
        let cores = thread::available_parallelism()?.get();
        let start = Instant::now();
        let times = thread::scope(|scope| {
            let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow!("the work panicked"))?)
                .collect::<anyhow::Result<Vec<Duration>>>()
        })?;
        let clock = start.elapsed();
        let longest = times.into_iter().max().unwrap_or_default();
        Ok(Self {
            processor: longest.as_secs_f64() / USUAL.as_secs_f64(),
            clock: clock.as_secs_f64() / USUAL.as_secs_f64(),
        })
    }

    /// Both ratios at their slowest: the limits are for what has doubled, not for a bad moment.
    pub fn slowest(speeds: &[Self]) -> Self {
        let slowest = |ratio: fn(&Self) -> f64| speeds.iter().map(ratio).fold(1.0, f64::max);
        Self {
            processor: slowest(|speed| speed.processor),
            clock: slowest(|speed| speed.clock),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "this machine takes {:.2} × the processor's time of the usual one, and {:.2} × by the \
             clock",
            self.processor, self.clock
        )
    }
}

/// Much like a compiler's: memory is asked for, filled, searched and given back. What it took of
/// the processor.
fn work() -> anyhow::Result<Duration> {
    let start = cost::of_this_thread()?;
    let mut names = BTreeMap::new();
    for number in 0..60_000_u64 {
        // A multiplicative hash: the keys come in no order.
        let key = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        names.insert(format!("{key:x}"), number);
    }
    black_box(names.values().sum::<u64>());
    drop(names);
    Ok(cost::of_this_thread()?.saturating_sub(start))
}

#[cfg(test)]
mod tests {
    use super::Speed;

    #[test]
    fn one_slow_moment_is_enough_and_a_fast_machine_counts_as_the_usual_one() {
        let quick = Speed {
            processor: 0.5,
            clock: 0.6,
        };
        let loaded = Speed {
            processor: 1.1,
            clock: 3.0,
        };
        assert_eq!(Speed::slowest(&[quick, loaded, quick]), loaded);
        assert_eq!(Speed::slowest(&[quick]), Speed::USUAL);
        assert_eq!(Speed::slowest(&[]), Speed::USUAL);
    }
}
