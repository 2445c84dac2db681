//! Machines in namespaces, for tests: a part of this machine that sees no mount, network, process
//! or cgroup of the rest, and ends as a whole.
//!
//! A [`Sandbox`] has either this machine's root, with a `/run` of its own (the test engine, in
//! which test programs run), or the root of another system (a [`roots::System`] that debootstrap
//! made, under a layer that takes all writes and can be thrown away). Both have a network that is
//! joined to this machine's by a veth pair and NAT.
//!
//! This crate knows nothing of Longshore and starts nothing inside a sandbox by itself. Start
//! reading at [`Sandbox::start`].

mod cgroups;
mod network;
mod place;
pub mod process;
pub mod roots;
mod sandbox;
mod setup;

pub use place::Place;
pub use sandbox::{Lifetime, Sandbox, sweep};
pub use setup::{Layer, Setup};
