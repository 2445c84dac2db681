//! Projects.

mod change;
mod show;

pub(crate) use change::confirm;
