//! What Longshore's tests share: Git servers and repositories, signed webhooks, the test engine, and
//! guards that remove what a test made.
//!
//! It is linked by tests alone. It may start programs and shells, which the product may not. Start
//! reading at [`engine`]: tests that need Docker run inside the sandbox that `cargo xtask test` makes.

#![expect(
    clippy::missing_panics_doc,
    reason = "a test's support panics wherever the test would"
)]

pub mod apps;
pub mod engine;
pub mod git;
pub mod load;
pub mod ports;
pub mod programs;
pub mod registry;
pub mod sample;
pub mod wait;
pub mod webhook;
