//! What is kept on disk of a job beside its journal; never a secret.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use longshore_agent_api::DeployJob;
use longshore_domain::route::Route;
use longshore_domain::{CommitSha, DeploymentId, EnvironmentId, ServiceId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::build::Image;
use crate::paths::write_atomically;

const RECORD: &str = "job.json";
const PROGRESS: &str = "progress.json";
const EVENTS: &str = "events";
const CANCELLED: &str = "cancelled";

/// Which job it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// The deployment.
    pub deployment: DeploymentId,
    /// Its number.
    pub number: i32,
    /// The service.
    pub service: ServiceId,
    /// The environment.
    pub environment: EnvironmentId,
    /// SHA-256 of what the specification says about the work.
    pub fingerprint: String,
}

impl JobRecord {
    /// The record of a specification.
    pub fn of(job: &DeployJob) -> Self {
        Self {
            deployment: job.deployment,
            number: job.number,
            service: job.service,
            environment: job.environment,
            fingerprint: fingerprint(job),
        }
    }
}

/// SHA-256 of the work's JSON text, which is not kept anywhere.
fn fingerprint(job: &DeployJob) -> String {
    let mut digest = Sha256::new();
    match serde_json::to_writer(&mut digest, &job.work()) {
        Ok(()) => hex::encode(digest.finalize()),
        // Types with string keys always serialise.
        Err(error) => error.to_string(),
    }
}

/// Results of stages that later stages need, also after a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What was checked out.
    pub source: Option<Source>,
    /// The image.
    pub image: Option<BuiltImage>,
    /// The version that was live before.
    pub previous: Option<i32>,
    /// Its routes, to be given back if the switch does not succeed.
    pub routes: Vec<Route>,
    /// Versions that were stopped for this one, to be started again if it fails.
    pub stopped: Vec<StoppedVersion>,
    /// The components of a stack, in the order in which they start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<ComponentProgress>,
    /// Whether it was decided which components go on and which give way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_decided: bool,
}

/// How far a component of a stack has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentProgress {
    /// The component as a job of its own.
    pub record: JobRecord,
    /// The version that goes on running, because nothing changed.
    pub kept: Option<i32>,
    /// What later stages need.
    pub progress: Progress,
}

/// What was checked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The commit; none of an archive.
    pub sha: Option<CommitSha>,
    /// What identifies its files.
    pub tree: String,
}

/// The image of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltImage {
    tag: String,
    digest: String,
    size_bytes: u64,
    #[serde(default)]
    pinned: Option<String>,
}

impl From<&Image> for BuiltImage {
    fn from(image: &Image) -> Self {
        Self {
            tag: image.tag.clone(),
            digest: image.digest.clone(),
            size_bytes: image.size_bytes,
            pinned: image.pinned.clone(),
        }
    }
}

impl From<&BuiltImage> for Image {
    fn from(image: &BuiltImage) -> Self {
        Self {
            tag: image.tag.clone(),
            digest: image.digest.clone(),
            size_bytes: image.size_bytes,
            reused: true,
            pinned: image.pinned.clone(),
        }
    }
}

/// A version that gave way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoppedVersion {
    /// Its number.
    pub number: i32,
    /// How many containers it had.
    pub replicas: u32,
    /// Whether it may run beside the new one.
    #[serde(default)]
    pub may_share: bool,
}

/// The directory of one job.
#[derive(Debug, Clone)]
pub struct JobDirectory(PathBuf);

impl JobDirectory {
    /// A job's directory; it need not exist.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the directory with its record. Blocking.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(&self, record: &JobRecord) -> io::Result<()> {
        crate::paths::create_private(&self.0)?;
        write_atomically(&self.0.join(RECORD), &to_json(record)?)
    }

    /// The job's record. Blocking.
    ///
    /// # Errors
    /// When it cannot be read; then the job was never begun.
    pub fn record(&self) -> io::Result<JobRecord> {
        from_json(&self.0.join(RECORD))
    }

    /// What was reached. Blocking.
    pub fn progress(&self) -> Progress {
        from_json(&self.0.join(PROGRESS)).unwrap_or_default()
    }

    /// Notes what was reached, durably. Blocking.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_progress(&self, progress: &Progress) -> io::Result<()> {
        write_atomically(&self.0.join(PROGRESS), &to_json(progress)?)
    }

    /// Notes that the job shall end, durably. Blocking.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn mark_cancelled(&self) -> io::Result<()> {
        write_atomically(&self.0.join(CANCELLED), b"")
    }

    /// Whether the job shall end. Blocking.
    pub fn is_cancelled(&self) -> bool {
        self.0.join(CANCELLED).exists()
    }

    /// The journal's file.
    pub fn events(&self) -> PathBuf {
        self.0.join(EVENTS)
    }

    /// Removes everything of the job. Blocking.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn to_json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(io::Error::other)
}

fn from_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(path)?).map_err(io::Error::from)
}
