//! The agent's core with a simulated machine: real files, a real socket, no Docker.

mod core {
    pub mod agent;
    pub mod machine;

    mod api;
    mod cancel;
    mod deploy;
    mod restart;
}
