//! Frames for a private network or in the proxy's name, sent by VXLAN from a plain container
//! and from a build.
//!
//! The rules against them are the machine's as a whole, and Docker is killed here: these tests
//! run one by one and in a program of their own.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "a test ends where its set-up fails")]

mod vxlan {
    #[path = "../engine/world.rs"]
    #[expect(dead_code, reason = "the engine's tests need more of it")]
    pub mod world;

    pub mod attack;

    mod peers;
    mod restarts;
    mod strangers;
}
