//! The dashboard: what the pages show, and the handlers that fill them.

pub mod view;
