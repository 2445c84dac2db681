//! Deployments: asking for them, ending them, going back, looking at them.

mod cancel;
mod log;
pub(crate) mod queue;
mod request;
pub(crate) mod roll_back;
mod show;
