//! Longshore comes to a machine: with `install.sh`, and as a Compose project.

mod compose;
mod history;
mod pristine;
mod refused;
mod release;
