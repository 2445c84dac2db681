//! What builds may use of the machine: real limits, a real cache, a real dockerd that dies.
//!
//! The limits and the cache are the engine's as a whole, so these tests run one by one and
//! in a program of their own.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bounds {
    pub mod site;

    mod cache;
    mod images;
    mod limits;
    mod orphans;
    mod settings;
}
