//! Users, sign-in, sessions, API tokens.

mod actors;
mod api_tokens;
mod limits;
mod password;
mod sessions;
mod setup;
mod sign_in;
mod users;

pub(crate) use password::Passwords;
