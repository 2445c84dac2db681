//! Whole-system tests: the real binaries on real Docker, Traefik, PostgreSQL, Git and Chromium.
//!
//! Here is what the tests in `tests/` share: a Longshore of its own for each test ([`longshore`]), a
//! client of its API ([`api`]), a browser ([`browser`]), visitors ([`visits`]), deaths ([`faults`]),
//! apps and stacks to deploy ([`apps`], [`stacks`]), databases that are counted ([`databases`]) and whole systems
//! ([`systems`]). Everything runs inside the test engine's sandbox and fails outside of it.

#![expect(
    clippy::missing_panics_doc,
    reason = "a test's support panics wherever the test would"
)]

pub mod api;
pub mod apps;
pub mod authority;
pub mod browser;
mod company;
pub mod databases;
pub mod faults;
pub mod gapless;
pub mod hook;
pub mod longshore;
pub mod pristine;
pub mod stacks;
pub mod systems;
pub mod visits;
