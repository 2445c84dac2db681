//! `longshore up`: runs PostgreSQL, the agent and the server of one machine, each as its own user.
//!
//! A part that dies is started again, whatever killed it. A supervisor that was itself killed
//! leaves its parts running; the next `up` finds them by their process ids and ends them before it
//! starts its own, so that two of a kind never run. Nothing here knows what the parts do.
//! Start reading at [`up::foreground`]; one part's life is in [`runner`].

pub mod accounts;
mod board;
mod bounded_log;
pub mod detach;
mod directories;
pub mod down;
mod lines;
mod part;
pub mod pid_file;
mod plan;
mod probe;
pub mod process;
mod runner;
pub mod status;
pub mod up;

pub use board::{PartState, Phase};
pub use bounded_log::BoundedLog;
pub use part::Part;
pub use plan::Plan;

#[cfg(test)]
mod tests;
