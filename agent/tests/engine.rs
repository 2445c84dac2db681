//! Docker, Swarm and the proxy: the real ones, in the test engine.

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
