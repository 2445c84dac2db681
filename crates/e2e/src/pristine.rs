//! Machines that nobody prepared: what debootstrap makes and nothing else, or that and a history.
//!
//! Each is a sandbox with the root of another system ([`Machine`]), in which `install.sh` is run as
//! people run it: from a release over HTTP ([`release`]) or from a checkout ([`journey`]).

pub mod journey;
mod machine;
mod release;

pub use machine::{Machine, Said};
pub use release::{Release, VERSION};
