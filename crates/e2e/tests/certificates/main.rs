//! Certificates by a real authority, for apps and for the dashboard.

mod apps;
mod dashboard;
