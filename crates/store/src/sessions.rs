//! Sessions of browsers, and the session store of `tower-sessions` over them.
//!
//! A row's key is the SHA-256 of the session's id: who reads the table cannot sign in.
//! Three keys of a session's data are copied into columns: [`USER_ID`], [`USER_AGENT`]
//! and [`PEER_ADDRESS`].

mod records;
mod tower;

pub use records::{SessionRecord, delete_all_of_user, delete_of_user, list_of_user};
pub use tower::PgSessionStore;

use sha2::{Digest, Sha256};

/// The key of a session's data with the signed-in user's id.
pub const USER_ID: &str = "user_id";
/// The key of a session's data with the browser's own name.
pub const USER_AGENT: &str = "user_agent";
/// The key of a session's data with the address it signed in from.
pub const PEER_ADDRESS: &str = "peer_address";

/// The SHA-256 under which a session's id (the number inside `tower_sessions`' `Id`) is
/// stored.
pub fn id_hash(id: i128) -> [u8; 32] {
    Sha256::digest(id.to_le_bytes()).into()
}
