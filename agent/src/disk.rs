//! Free disk, and the floor below which no build begins.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Amount, Size};

/// The floor when none is set: a twentieth of the disk, within bounds. A share alone
/// would be nothing on a small disk and a waste on a large one.
const DEFAULT_SHARE: Amount = Amount::Percent(5);
const LOWEST_DEFAULT: u64 = 1_000_000_000;
const HIGHEST_DEFAULT: u64 = 10_000_000_000;

/// A file system's room, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Space {
    /// All of it.
    pub total_bytes: u64,
    /// What is free for programs.
    pub free_bytes: u64,
}

/// The room of the file system that a path is on; none when that cannot be told.
/// Blocking, but short.
pub fn measure(path: &Path) -> Option<Space> {
    let status = rustix::fs::statvfs(path).ok()?;
    Some(Space {
        total_bytes: status.f_blocks.saturating_mul(status.f_frsize),
        free_bytes: status.f_bavail.saturating_mul(status.f_frsize),
    })
}

/// Tells a file system's room. [`measure`] does; tests say what they want.
pub type Measure = dyn Fn(&Path) -> Option<Space> + Send + Sync;

/// There is less free disk than a build needs to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// A place on the file system.
    pub place: PathBuf,
    /// What is free there, in bytes.
    pub free_bytes: u64,
    /// The floor, in bytes.
    pub floor_bytes: u64,
}

impl fmt::Display for Shortage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} of disk are free at {}, and builds need {}",
            Size(self.free_bytes),
            self.place.display(),
            Size(self.floor_bytes)
        )
    }
}

/// The least free disk with which builds begin.
#[derive(Clone)]
pub struct Floor {
    setting: Option<Amount>,
    measure: Arc<Measure>,
}

impl Floor {
    /// The floor that is set, or the default one.
    pub fn new(setting: Option<Amount>) -> Self {
        Self {
            setting,
            measure: Arc::new(measure),
        }
    }

    /// The same with another measure.
    #[must_use]
    pub fn measured_by(self, measure: Arc<Measure>) -> Self {
        Self { measure, ..self }
    }

    /// The worst shortage at these places. What cannot be measured holds nobody up.
    pub fn shortage<'a>(&self, places: impl IntoIterator<Item = &'a Path>) -> Option<Shortage> {
        places
            .into_iter()
            .filter_map(|place| {
                let space = (self.measure)(place)?;
                let floor_bytes = self.bytes(space.total_bytes);
                (space.free_bytes < floor_bytes).then(|| Shortage {
                    place: place.to_owned(),
                    free_bytes: space.free_bytes,
                    floor_bytes,
                })
            })
            .max_by_key(|shortage| shortage.floor_bytes - shortage.free_bytes)
    }

    /// The size of the file system that a path is on, in bytes.
    pub fn total_at(&self, place: &Path) -> Option<u64> {
        (self.measure)(place).map(|space| space.total_bytes)
    }

    fn bytes(&self, total: u64) -> u64 {
        match self.setting {
            Some(amount) => amount.of(total),
            None => DEFAULT_SHARE
                .of(total)
                .clamp(LOWEST_DEFAULT, HIGHEST_DEFAULT),
        }
    }
}

impl fmt::Debug for Floor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Floor")
            .field("setting", &self.setting)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use rstest::rstest;

    use super::{Floor, Space, measure};
    use crate::config::Amount;

    const GB: u64 = 1_000_000_000;

    #[rstest]
    #[case(None, 10 * GB, GB)]
    #[case(None, 100 * GB, 5 * GB)]
    #[case(None, 2000 * GB, 10 * GB)]
    #[case(Some(Amount::Percent(20)), 10 * GB, 2 * GB)]
    #[case(Some(Amount::Bytes(3)), 10 * GB, 3)]
    fn the_floor_follows_the_disk(
        #[case] setting: Option<Amount>,
        #[case] total: u64,
        #[case] floor: u64,
    ) {
        assert_eq!(Floor::new(setting).bytes(total), floor);
    }

    #[test]
    fn the_worst_place_counts_and_an_unknown_one_does_not() {
        let floor = Floor::new(Some(Amount::Bytes(10))).measured_by(Arc::new(|path: &Path| {
            let free_bytes = match path.to_str()? {
                "/low" => 3,
                "/lower" => 1,
                "/enough" => 10,
                _ => return None,
            };
            Some(Space {
                total_bytes: 100,
                free_bytes,
            })
        }));
        let short = |places: &[&str]| floor.shortage(places.iter().map(Path::new));
        assert_eq!(short(&["/enough", "/unknown"]), None);
        let worst = short(&["/enough", "/lower", "/low"]).unwrap();
        assert_eq!(
            worst.to_string(),
            "1 bytes of disk are free at /lower, and builds need 10 bytes"
        );
    }

    #[test]
    fn the_disk_is_measured() {
        let space = measure(Path::new("/")).unwrap();
        assert!(space.total_bytes > 0 && space.free_bytes <= space.total_bytes);
        assert_eq!(measure(Path::new("/no/such/place")), None);
    }
}
