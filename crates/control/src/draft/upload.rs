//! What is known of an archive once the agent has it.

use longshore_domain::Sha256Digest;

/// An archive that the agent has received, checked and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The hash of its bytes.
    pub digest: Sha256Digest,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Files and links in it.
    pub files: u64,
    /// What it unpacks to, in bytes.
    pub unpacked_bytes: u64,
}
