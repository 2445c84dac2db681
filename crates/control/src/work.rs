//! What the job workers and reconcilers of the server need. There is no actor: it is the
//! system itself.

mod types;

pub use types::*;
