//! The dashboard in a real browser.

mod first_app;
mod shell;
mod stacks;
mod storage;
