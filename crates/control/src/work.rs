//! What the job workers and reconcilers of the server need. There is no actor: it is the
//! system itself.

mod claim;
mod desired;
mod once;
mod record;
mod types;
mod upkeep;
mod watch;

pub use types::*;
pub use upkeep::{Retention, UpkeepReport};
