//! Docker, Swarm and the proxy: the real ones, in the test engine.

#![expect(
    clippy::disallowed_methods,
    reason = "tests start programs and tasks, and read the clock, as they like"
)]
#![expect(clippy::unwrap_used, reason = "a test ends where its set-up fails")]

mod engine {
    pub mod world;

    mod health;
    mod isolation;
    mod log;
    mod options;
    mod release;
    mod repair;
    mod routes;
    mod start;
    mod switch;
    mod takeover;
}
