//! Deployments. A deployment is also its own entry in the job queue: `queue` takes and
//! leases them, `progress` writes what the worker reports, `read` shows them.
//!
//! Three partial unique indexes guard what no code may break: of one service at most one
//! waits, one works and one is live.

mod progress;
mod queue;
mod read;
mod stacks;
mod summary;
mod watch;

pub use progress::{Progress, end, find_leased, lock_leased, save_progress};
pub use queue::{
    ClaimedRow, NewDeployment, Overtaken, archives_in_work, cancel_queued, claim,
    find_queued_or_running_numbers, heartbeat, insert, next_lease_end, release, request_cancel,
    supersede_waiting,
};
pub use read::{DeploymentRecord, find, find_for_system, kept_numbers, list_of_service};
pub use stacks::{StackRelease, list_stack_releases, live_components, save_components};
pub use summary::{
    LiveRecord, StatusCount, SummaryRecord, count_by_status, list_latest, list_live,
    list_live_for_system,
};
pub use watch::{
    WatchedRecord, append_lines, end_watch, find_predecessor, has_waiting_or_working, list_watched,
    lock_watched, note_failure, prolong_watch,
};
