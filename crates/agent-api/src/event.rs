//! What the agent reports of a job.

use longshore_domain::compose::ComponentRelease;
use longshore_domain::{CommitSha, DeploymentId, Failure, Stage};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// The job.
    pub deployment: DeploymentId,
    /// Where it stands.
    pub state: JobState,
    /// The sequence number of its last event.
    pub last_sequence: u64,
}

/// Whether a job works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum JobState {
    /// It works.
    Running,
    /// The agent was restarted; the job goes on when its specification is put again
    /// (specifications hold secrets and are therefore not kept on disk).
    Suspended,
    /// It has ended.
    Finished {
        /// How.
        outcome: JobOutcome,
    },
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum JobOutcome {
    /// The new version has been seen to serve.
    Live {
        /// The image's tag on this machine.
        image: String,
        /// The image's identity, `sha256:…`.
        digest: String,
    },
    /// It failed; whatever it had started is removed, the old version serves.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// It was cancelled; whatever it had started is removed, the old version serves.
    Cancelled,
}

/// One entry of a job's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobEvent {
    /// From 1, without gaps.
    pub sequence: u64,
    /// When it happened.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What happened.
    #[serde(flatten)]
    pub kind: JobEventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum JobEventKind {
    /// A stage began (or began again after a restart).
    StageStarted {
        /// The stage.
        stage: Stage,
    },
    /// A stage ended well.
    StageFinished {
        /// The stage.
        stage: Stage,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// Whether its result was there already and nothing had to be done.
        reused: bool,
    },
    /// A line of output.
    Line {
        /// Where it came from.
        stream: LogStream,
        /// The text without its line end; may hold ANSI colours.
        text: String,
    },
    /// The commit is known.
    Commit {
        /// The commit.
        sha: CommitSha,
        /// The first line of its message.
        subject: String,
        /// The author's name.
        author: String,
    },
    /// The image is known.
    Image {
        /// The image's tag on this machine.
        image: String,
        /// The image's identity, `sha256:…`.
        digest: String,
        /// Its size in bytes.
        size_bytes: u64,
        /// What a registry's reference meant: the repository and the digest of the
        /// image's manifest there, `name@sha256:…`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pinned: Option<String>,
    },
    /// What runs of a stack from now on.
    Components {
        /// The components.
        components: Vec<ComponentRelease>,
    },
    /// The SSH host key of the repository's host, when none was pinned.
    HostKey {
        /// As OpenSSH prints it, `SHA256:…`.
        fingerprint: String,
    },
    /// The end; the last event.
    Finished {
        /// How.
        outcome: JobOutcome,
    },
}

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// Standard output of a build step or container.
    Stdout,
    /// Its standard error.
    Stderr,
    /// Longshore itself.
    System,
}
