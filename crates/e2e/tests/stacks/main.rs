//! Compose files, run as they stand.

mod compared;
mod hostile;
mod lives;
