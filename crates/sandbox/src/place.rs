//! Where a sandbox is, and what tells it apart from others on the machine.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The place of one sandbox: a state directory, on a real disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    state: PathBuf,
    tag: String,
}

impl Place {
    /// The place with this state directory.
    pub fn new(state: PathBuf) -> Self {
        let digest = Sha256::digest(state.as_os_str().as_encoded_bytes());
        let tag = hex::encode(&digest[..4]);
        Self { state, tag }
    }

    /// The state directory.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The name of its cgroups.
    pub(crate) fn cgroup(&self) -> String {
        format!("longshore-test-{}", self.tag)
    }

    /// The name of the outer end of its veth pair, at most 15 characters.
    pub(crate) fn link(&self) -> String {
        format!("lst-{}", self.tag)
    }

    /// What its NAT rules are found again by.
    pub(crate) fn comment(&self) -> String {
        self.cgroup()
    }

    /// Where among the networks for sandboxes the search for a free one begins.
    pub(crate) fn first_network(&self) -> u16 {
        u16::from_str_radix(&self.tag[..4], 16).unwrap_or_default()
    }
}
