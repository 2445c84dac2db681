//! The agent's core with a simulated machine: real files, a real socket, no Docker.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod core {
    pub mod agent;
    pub mod machine;

    mod api;
    mod builds;
    mod cancel;
    mod deploy;
    mod restart;
    mod upkeep;
}
