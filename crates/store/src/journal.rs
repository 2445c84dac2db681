//! What a worker reports of a deployment.

use std::time::Duration;

use longshore_domain::compose::ComponentRelease;
use longshore_domain::{CommitSha, Stage};
use time::OffsetDateTime;

use crate::LogStream;

/// One entry of the agent's journal of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// From 1, without gaps.
    pub sequence: i64,
    /// When it happened.
    pub at: OffsetDateTime,
    /// What happened.
    pub kind: RecordedKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedKind {
    /// A stage began, or began again.
    StageStarted {
        /// The stage.
        stage: Stage,
    },
    /// A stage ended well.
    StageFinished {
        /// The stage.
        stage: Stage,
        /// How long it took.
        took: Duration,
        /// Whether its result was there already.
        reused: bool,
    },
    /// A line of output.
    Line {
        /// Where it came from.
        stream: LogStream,
        /// The text without its line end.
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
        /// The image's tag on the machine.
        image: String,
        /// The image's identity, `sha256:…`.
        digest: String,
        /// Its size in bytes.
        size_bytes: i64,
        /// What a registry's reference meant, `name@sha256:…`.
        pinned: Option<String>,
    },
    /// What runs of a stack from now on.
    Components {
        /// The components.
        components: Vec<ComponentRelease>,
    },
    /// The SSH host key of the repository's host; it is pinned when none was.
    HostKey {
        /// `SHA256:…`.
        fingerprint: String,
    },
    /// The end of the journal; how the deployment ended is told to `finish`.
    Finished,
}
