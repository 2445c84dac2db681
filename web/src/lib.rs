//! Everything HTTP: pages, JSON API, webhooks, server-sent events.

pub mod assets;
pub mod pages;
