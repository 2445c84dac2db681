//! What the use cases must be told at start.

use std::path::PathBuf;

use url::Url;

/// What the use cases must be told at start.
#[derive(Debug, Clone)]
pub struct ControlSettings {
    /// Where people and Git hosts reach this installation; part of hook URLs.
    pub public_url: Option<Url>,
    /// The file with the one-time set-up token; removed when it was used.
    pub setup_token_file: PathBuf,
    /// The name of this installation, the prefix of its objects in Docker.
    pub instance: String,
}
