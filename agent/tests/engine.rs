//! Docker, Swarm and the proxy: the real ones, in the test engine.

#![expect(clippy::unwrap_used, reason = "a test ends where its set-up fails")]

mod engine {
    pub mod world;

    mod isolation;
    mod log;
    mod release;
    mod repair;
    mod routes;
    mod start;
    mod switch;
}
