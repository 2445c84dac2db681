//! The way of a job's events into its journal, with secrets taken out.

use std::sync::{Arc, Mutex, PoisonError};

use longshore_agent_api::{JobEventKind, JobOutcome, LogStream};

use super::Journal;
use crate::redact::{LineRedactor, Redactor};
use crate::stage::EventSink;

/// Longer lines become several events.
const LONGEST_LINE: usize = 16 * 1024;

/// Redacts events and appends them to a journal.
pub struct JobSink {
    journal: Arc<Journal>,
    state: Mutex<State>,
}

struct State {
    redactor: LineRedactor,
    last_line: String,
    /// Lines of the release command that an earlier agent has written.
    written_before: u64,
    /// How many lines of output are still to be left out.
    left_out: u64,
}

impl JobSink {
    /// A sink into a journal that holds so many lines of the release command.
    pub fn new(journal: Arc<Journal>, redactor: Redactor, written_before: u64) -> Self {
        Self {
            journal,
            state: Mutex::new(State {
                redactor: LineRedactor::new(redactor),
                last_line: String::new(),
                written_before,
                left_out: 0,
            }),
        }
    }

    /// The last line, redacted: what a stage that takes too long was doing.
    pub fn last_line(&self) -> String {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last_line.clone()
    }

    fn write_line(&self, state: &mut State, stream: LogStream, text: &str) {
        if !text.trim().is_empty() {
            shortened(text, 200).clone_into(&mut state.last_line);
        }
        let mut rest = text;
        loop {
            let piece = shortened(rest, LONGEST_LINE);
            if stream != LogStream::System && state.left_out > 0 {
                state.left_out -= 1;
            } else {
                self.journal.append(JobEventKind::Line {
                    stream,
                    text: piece.to_owned(),
                });
            }
            rest = &rest[piece.len()..];
            if rest.is_empty() {
                return;
            }
        }
    }
}

impl EventSink for JobSink {
    fn append(&self, event: JobEventKind) {
        // Held while appending, so that lines keep their order.
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *guard;
        if let JobEventKind::Line { stream, text } = event {
            for line in text.split('\n') {
                let line = line.strip_suffix('\r').unwrap_or(line);
                let line = state.redactor.line(stream, line.to_owned());
                self.write_line(state, stream, &line);
            }
            return;
        }
        for (stream, text) in state.redactor.take_held() {
            self.write_line(state, stream, &text);
        }
        // Output ends with its stage.
        state.left_out = 0;
        self.journal.append(redacted(&state.redactor, event));
    }

    fn resume_output(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.left_out = state.written_before;
    }
}

fn redacted(redactor: &LineRedactor, event: JobEventKind) -> JobEventKind {
    match event {
        JobEventKind::Commit {
            sha,
            subject,
            author,
        } => JobEventKind::Commit {
            sha,
            subject: redactor.text(subject),
            author: redactor.text(author),
        },
        JobEventKind::Finished {
            outcome: JobOutcome::Failed { mut failure },
        } => {
            failure.message = redactor.text(failure.message);
            JobEventKind::Finished {
                outcome: JobOutcome::Failed { failure },
            }
        }
        JobEventKind::Line { .. }
        | JobEventKind::StageStarted { .. }
        | JobEventKind::StageFinished { .. }
        | JobEventKind::Image { .. }
        | JobEventKind::HostKey { .. }
        | JobEventKind::Components { .. }
        | JobEventKind::Finished { .. } => event,
    }
}

/// The beginning of a text, cut between characters.
fn shortened(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}
