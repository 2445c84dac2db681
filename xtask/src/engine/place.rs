//! Where a test engine is, and what tells it apart from others on the machine.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::workspace;

/// The place of one test engine: a state directory in the user's cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    state: PathBuf,
    tag: String,
}

impl Place {
    /// The place with this number; 0 is that of the engine for working by hand.
    pub fn new(number: usize) -> Self {
        let name = match number {
            0 => "test-engine".to_owned(),
            number => format!("test-engine-{}", number + 1),
        };
        let state = workspace::cache().join(name);
        let digest = Sha256::digest(state.as_os_str().as_encoded_bytes());
        let tag = hex::encode(&digest[..4]);
        Self { state, tag }
    }

    /// The state directory; Docker's data are under it.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The name of its cgroups.
    pub fn cgroup(&self) -> String {
        format!("longshore-test-{}", self.tag)
    }

    /// The name of the outer end of its veth pair, at most 15 characters.
    pub fn link(&self) -> String {
        format!("lst-{}", self.tag)
    }

    /// What its NAT rules are found again by.
    pub fn comment(&self) -> String {
        self.cgroup()
    }
}
