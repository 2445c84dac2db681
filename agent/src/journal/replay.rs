//! Reads a journal again after a restart.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};

use longshore_agent_api::{JobEvent, JobEventKind, JobOutcome, LogStream};
use longshore_domain::Stage;
use serde::Deserialize;

/// What a journal says of its job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replay {
    /// Stages that began.
    pub started: Vec<Stage>,
    /// Stages that ended well.
    pub finished: Vec<Stage>,
    /// Whether the commit was reported.
    pub has_commit: bool,
    /// Whether the host key was reported.
    pub has_host_key: bool,
    /// Whether the image was reported.
    pub has_image: bool,
    /// Lines of the release command's output.
    pub release_lines: u64,
    /// How the job ended.
    pub outcome: Option<JobOutcome>,
    pub(super) last_sequence: u64,
    pub(super) bytes: u64,
    pub(super) index: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
struct Head {
    sequence: u64,
    event: String,
    stream: Option<LogStream>,
}

impl Replay {
    /// Reads whole events from the start up to the first that is torn or out of order.
    pub(super) fn read(mut file: &File, index_step: u64) -> io::Result<Self> {
        file.rewind()?;
        let mut replay = Self::default();
        let mut reader = BufReader::with_capacity(128 * 1024, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)?;
            if length == 0 || line.last() != Some(&b'\n') {
                return Ok(replay);
            }
            let Ok(head) = serde_json::from_slice::<Head>(&line) else {
                return Ok(replay);
            };
            if head.sequence != replay.last_sequence + 1 || replay.outcome.is_some() {
                return Ok(replay);
            }
            if head.event != "line" {
                let Ok(event) = serde_json::from_slice::<JobEvent>(&line) else {
                    return Ok(replay);
                };
                replay.note(event.kind);
            } else if replay.started.last() == Some(&Stage::Releasing)
                && head.stream != Some(LogStream::System)
            {
                replay.release_lines += 1;
            }
            if (head.sequence - 1).is_multiple_of(index_step) {
                replay.index.push((head.sequence, replay.bytes));
            }
            replay.last_sequence = head.sequence;
            replay.bytes += length as u64;
        }
    }

    /// Takes in one event.
    pub fn note(&mut self, event: JobEventKind) {
        match event {
            JobEventKind::StageStarted { stage } => self.started.push(stage),
            JobEventKind::StageFinished { stage, .. } => self.finished.push(stage),
            JobEventKind::Commit { .. } => self.has_commit = true,
            JobEventKind::HostKey { .. } => self.has_host_key = true,
            JobEventKind::Image { .. } => self.has_image = true,
            JobEventKind::Finished { outcome } => self.outcome = Some(outcome),
            JobEventKind::Line { .. } | JobEventKind::Components { .. } => {}
        }
    }

    /// Whether a stage began, in this or an earlier attempt.
    pub fn has_started(&self, stage: Stage) -> bool {
        self.started.contains(&stage)
    }

    /// Whether a stage ended well.
    pub fn has_finished(&self, stage: Stage) -> bool {
        self.finished.contains(&stage)
    }
}
