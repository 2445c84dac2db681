//! Stacks: services that are the components of a Compose file.

mod create;
mod update;
