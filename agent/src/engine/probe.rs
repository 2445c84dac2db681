//! The probe binary, which the agent carries and puts on the disk for Docker to mount.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::{Engine, problem};
use crate::paths::write_atomically;
use longshore_agent_api::AgentProblem;
use longshore_domain::FailureKind;

static PROBE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/longshore-probe"));

impl Engine {
    /// The probe's path on this machine. Each version has its own, for running containers
    /// go on using theirs.
    pub(super) async fn probe(&self) -> Result<PathBuf, AgentProblem> {
        if let Some(probe) = &self.config.probe {
            return Ok(probe.clone());
        }
        let root = self.config.agent_dir().join("probe");
        tokio::task::spawn_blocking(move || lay_out(&root))
            .await
            .map_err(io::Error::other)
            .flatten()
            .map_err(|error| {
                tracing::error!(%error, "the probe cannot be written");
                problem(
                    FailureKind::DiskFull,
                    "The probe cannot be written to the disk.",
                )
            })
    }
}

/// Blocking.
fn lay_out(root: &std::path::Path) -> io::Result<PathBuf> {
    let hash = hex::encode(&Sha256::digest(PROBE)[..8]);
    let directory = root.join(hash);
    let path = directory.join("longshore-probe");
    let is_there = fs::metadata(&path).is_ok_and(|meta| {
        meta.len() == PROBE.len() as u64 && meta.permissions().mode() & 0o111 != 0
    });
    if !is_there {
        fs::create_dir_all(&directory)?;
        write_atomically(&path, PROBE)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    fs::canonicalize(path)
}
