//! Time by the clock, and time of processors.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use anyhow::Context;

/// How long something took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// By the clock.
    pub elapsed: Duration,
    /// What programs used that were started and waited for. What Docker runs is not among it.
    pub processors: Duration,
}

impl Cost {
    /// Of this program since its start.
    pub fn so_far() -> anyhow::Result<Self> {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        let elapsed = START.elapsed();
        Ok(Self {
            elapsed,
            processors: ticks(
                &fs::read_to_string("/proc/self/stat")?,
                &[CHILDREN_USER, CHILDREN_SYSTEM],
            )?,
        })
    }

    /// What came after an earlier one.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            elapsed: self.elapsed.saturating_sub(earlier.elapsed),
            processors: self.processors.saturating_sub(earlier.processors),
        }
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.elapsed += other.elapsed;
        self.processors += other.processors;
    }
}

/// Fields of `/proc/<pid>/stat`, counted from the one after the program's name, see proc(5).
const USER: usize = 11;
const SYSTEM: usize = 12;
const CHILDREN_USER: usize = 13;
const CHILDREN_SYSTEM: usize = 14;

/// Linux counts these times in hundredths of a second, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);

/// What the calling thread used.
pub fn of_this_thread() -> anyhow::Result<Duration> {
    ticks(
        &fs::read_to_string("/proc/thread-self/stat")?,
        &[USER, SYSTEM],
    )
}

fn ticks(stat: &str, fields: &[usize]) -> anyhow::Result<Duration> {
    // The name may hold blanks and brackets itself.
    let (_, after_name) = stat.rsplit_once(") ").context("no name in stat")?;
    let values: Vec<&str> = after_name.split(' ').collect();
    let mut sum = 0;
    for field in fields {
        let value: u32 = values.get(*field).context("a short stat")?.parse()?;
        sum += value;
    }
    Ok(TICK * sum)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{CHILDREN_SYSTEM, CHILDREN_USER, SYSTEM, USER, ticks};

    #[test]
    fn times_are_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 9 8 0 0 100 20 3 4 20 0 1 0 5";
        let own = ticks(stat, &[USER, SYSTEM]).expect("own time");
        assert_eq!(own, Duration::from_millis(1200));
        let children = ticks(stat, &[CHILDREN_USER, CHILDREN_SYSTEM]).expect("time of children");
        assert_eq!(children, Duration::from_millis(70));
    }
}
