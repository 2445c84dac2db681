//! Archives that people upload.

use longshore_domain::Sha256Digest;
use serde::{Deserialize, Serialize};

/// The largest archive, in bytes.
pub const UPLOAD_MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// An archive that was received, checked and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadReport {
    /// The hash of its bytes, by which jobs name it.
    pub digest: Sha256Digest,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Files and links in it.
    pub files: u64,
    /// What it unpacks to, in bytes.
    pub unpacked_bytes: u64,
}
