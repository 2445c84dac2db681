//! Progress of a fetch as lines, not more than one a second, and the watch on the disk.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::stage::StageContext;

/// The shortest time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// What is left free on the disk, in bytes.
pub(super) const DISK_RESERVE: u64 = 256 * 1024 * 1024;

/// Tells of a fetch.
pub(super) struct Progress {
    ctx: StageContext,
    directory: PathBuf,
    last: Mutex<Option<Instant>>,
}

impl Progress {
    pub(super) fn new(ctx: StageContext, directory: &Path) -> Self {
        Self {
            ctx,
            directory: directory.to_owned(),
            last: Mutex::new(None),
        }
    }

    pub(super) fn say(&self, text: impl Into<String>) {
        self.ctx.say(text);
    }

    /// Notes how far the transfer is; false when the disk has no room for more.
    pub(super) fn receiving(&self, transfer: &git2::Progress<'_>) -> bool {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            match *last {
                None => {
                    *last = Some(Instant::now());
                    return true;
                }
                Some(then) if then.elapsed() < PAUSE => return true,
                Some(_) => *last = Some(Instant::now()),
            }
        }
        let (received, total) = (transfer.received_objects(), transfer.total_objects());
        if received < total {
            self.say(format!(
                "Received {received} of {total} objects ({}).",
                size(transfer.received_bytes() as u64)
            ));
        } else {
            self.say(format!(
                "Resolved {} of {} deltas.",
                transfer.indexed_deltas(),
                transfer.total_deltas()
            ));
        }
        has_room(&self.directory, 0)
    }
}

/// Whether a file system has room for some bytes beyond the reserve.
pub(super) fn has_room(directory: &Path, bytes: u64) -> bool {
    rustix::fs::statvfs(directory).map_or(true, |stat| {
        stat.f_bavail.saturating_mul(stat.f_frsize) >= DISK_RESERVE.saturating_add(bytes)
    })
}

/// A size as people write it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{}.{} MiB", bytes >> 20, ((bytes & 0xF_FFFF) * 10) >> 20),
    }
}
