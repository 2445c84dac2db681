//! Docker, Swarm and the proxy: the real ones, in the test engine.

#![expect(clippy::unwrap_used, reason = "a test ends where its set-up fails")]

mod engine {
    pub mod world;

    mod log;
    mod release;
    mod start;
}

mod edge {
    mod isolation;
    mod repair;
    mod routes;
    mod switch;
}
