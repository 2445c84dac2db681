//! Everything HTTP: pages, JSON API, webhooks, server-sent events.

pub mod assets;
mod csrf;
mod error;
pub mod pages;
mod peer;
mod session;
