//! BuildKit's trace messages as lines.
//!
//! `#3 [2/5] RUN npm ci` when a step begins, `#3 text` for its output, and at its end
//! `#3 DONE 1.2s`, `#3 CACHED` or `#3 ERROR …`.

use std::collections::HashMap;

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use longshore_agent_api::LogStream;

/// The longest line, in bytes; longer ones are cut into several.
const MAX_LINE: usize = 16 * 1024;

/// A line of the build's log.
pub(super) type Line = (LogStream, String);

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedStep {
    /// Its name, such as `[2/5] RUN npm ci`.
    pub(super) name: String,
    /// BuildKit's words.
    pub(super) error: String,
    /// Its output said that the disk is full.
    pub(super) no_space: bool,
}

/// What is known of a build under way.
#[derive(Debug, Default)]
pub(super) struct Trace {
    steps: HashMap<String, Step>,
    begun: usize,
    failed: Option<FailedStep>,
}

#[derive(Debug, Default)]
struct Step {
    name: String,
    number: Option<usize>,
    ended: bool,
    /// Its output said that the disk is full.
    no_space: bool,
    /// Output without its line end yet, by stream.
    rest: [Vec<u8>; 2],
    /// Transfers and extractions that were told of.
    told: Vec<String>,
}

impl Trace {
    /// Takes a message and gives the lines that it makes.
    pub(super) fn take(&mut self, message: StatusResponse) -> Vec<Line> {
        let mut lines = Vec::new();
        for vertex in &message.vertexes {
            self.vertex_began(vertex, &mut lines);
        }
        for status in message.statuses {
            if status.completed.is_none() {
                continue;
            }
            if let Some(step) = self.steps.get_mut(&status.vertex)
                && let Some(number) = step.number
                && !step.told.contains(&status.id)
            {
                let took = seconds(status.started.as_ref(), status.completed.as_ref());
                lines.push((
                    LogStream::System,
                    format!("#{number} {} {took}", plain(&status.id)),
                ));
                step.told.push(status.id);
            }
        }
        for log in message.logs {
            self.output(&log, &mut lines);
        }
        for warning in message.warnings {
            lines.push((
                LogStream::System,
                format!(
                    "Warning: {}",
                    plain(&String::from_utf8_lossy(&warning.short))
                ),
            ));
        }
        for vertex in &message.vertexes {
            self.vertex_ended(vertex, &mut lines);
        }
        lines
    }

    /// Output that had no line end when the build was over.
    pub(super) fn rest(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        for step in self.steps.values_mut() {
            step.flush(&mut lines);
        }
        lines
    }

    /// The step that failed first.
    pub(super) fn failed(&self) -> Option<&FailedStep> {
        self.failed.as_ref()
    }

    fn vertex_began(&mut self, vertex: &Vertex, lines: &mut Vec<Line>) {
        let step = self.steps.entry(vertex.digest.clone()).or_default();
        step.name.clone_from(&vertex.name);
        let begun = vertex.started.is_some() || vertex.cached || vertex.completed.is_some();
        if step.number.is_none() && begun {
            self.begun += 1;
            step.number = Some(self.begun);
            lines.push((
                LogStream::System,
                format!("#{} {}", self.begun, plain(&vertex.name)),
            ));
        }
    }

    fn vertex_ended(&mut self, vertex: &Vertex, lines: &mut Vec<Line>) {
        let Some(step) = self.steps.get_mut(&vertex.digest) else {
            return;
        };
        let (Some(number), false) = (step.number, step.ended) else {
            return;
        };
        if vertex.completed.is_none() && !vertex.cached {
            return;
        }
        step.ended = true;
        step.flush(lines);
        let end = if vertex.error.is_empty() {
            if vertex.cached {
                "CACHED".to_owned()
            } else {
                let took = seconds(vertex.started.as_ref(), vertex.completed.as_ref());
                format!("DONE {took}")
            }
        } else if vertex.error.ends_with("context canceled") {
            "CANCELED".to_owned()
        } else {
            if self.failed.is_none() {
                self.failed = Some(FailedStep {
                    name: plain(&vertex.name),
                    error: vertex.error.clone(),
                    no_space: step.no_space,
                });
            }
            format!("ERROR {}", plain(&vertex.error))
        };
        lines.push((LogStream::System, format!("#{number} {end}")));
    }

    fn output(&mut self, log: &VertexLog, lines: &mut Vec<Line>) {
        let Some(step) = self.steps.get_mut(&log.vertex) else {
            return;
        };
        let index = usize::from(log.stream == 2);
        let number = step.number.unwrap_or_default();
        let rest = &mut step.rest[index];
        rest.extend_from_slice(&log.msg);
        let mut start = 0;
        while start < rest.len() {
            let window = &rest[start..rest.len().min(start + MAX_LINE)];
            let (line, next) = match window.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&window[..end], start + end + 1),
                None if window.len() == MAX_LINE => (window, start + MAX_LINE),
                None => break,
            };
            step.no_space |= says_no_space(line);
            lines.push((stream(index), format!("#{number} {}", shown(line))));
            start = next;
        }
        rest.drain(..start);
    }
}

impl Step {
    fn flush(&mut self, lines: &mut Vec<Line>) {
        let number = self.number.unwrap_or_default();
        for (index, rest) in self.rest.iter_mut().enumerate() {
            if !rest.is_empty() {
                lines.push((stream(index), format!("#{number} {}", shown(rest))));
                rest.clear();
            }
        }
    }
}

fn stream(index: usize) -> LogStream {
    if index == 1 {
        LogStream::Stderr
    } else {
        LogStream::Stdout
    }
}

/// Whether a program says, in the C library's words, that the disk is full.
fn says_no_space(line: &[u8]) -> bool {
    const WORDS: &[u8] = b"No space left on device";
    line.windows(WORDS.len()).any(|window| window == WORDS)
}

/// What a terminal would show of a line in the end: the text after the last carriage
/// return.
fn shown(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = line
        .iter()
        .rposition(|byte| *byte == b'\r')
        .map_or(0, |at| at + 1);
    String::from_utf8_lossy(&line[start..]).into_owned()
}

/// Text of BuildKit's on one line.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(2000)
        .collect()
}

fn seconds(from: Option<&Timestamp>, to: Option<&Timestamp>) -> String {
    let (Some(from), Some(to)) = (from, to) else {
        return "0.0s".to_owned();
    };
    let millis = (to.seconds - from.seconds) * 1000 + i64::from(to.nanos - from.nanos) / 1_000_000;
    let millis = millis.max(0);
    format!("{}.{}s", millis / 1000, millis % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::google::protobuf::Timestamp;
    use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};

    use super::{MAX_LINE, Trace};

    fn vertex(ended: Option<i32>, cached: bool, error: &str) -> Vertex {
        let at = |nanos| Timestamp { seconds: 10, nanos };
        Vertex {
            digest: "a".to_owned(),
            name: "[2/5] RUN npm ci".to_owned(),
            cached,
            started: Some(at(0)),
            completed: ended.map(at),
            error: error.to_owned(),
            ..Vertex::default()
        }
    }

    fn log(text: &str, stream: i64) -> VertexLog {
        VertexLog {
            vertex: "a".to_owned(),
            stream,
            msg: text.as_bytes().to_vec(),
            ..VertexLog::default()
        }
    }

    fn take(trace: &mut Trace, vertexes: Vec<Vertex>, logs: Vec<VertexLog>) -> Vec<String> {
        let message = StatusResponse {
            vertexes,
            logs,
            ..StatusResponse::default()
        };
        trace
            .take(message)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    #[test]
    fn a_step_is_told_from_begin_to_end() {
        let mut trace = Trace::default();
        let lines = take(
            &mut trace,
            vec![vertex(None, false, "")],
            vec![log("one\ntw", 1), log("warn\n", 2)],
        );
        assert_eq!(lines, ["#1 [2/5] RUN npm ci", "#1 one", "#1 warn"]);
        let end = vertex(Some(250_000_000), false, "");
        let lines = take(&mut trace, vec![end.clone()], vec![log("o\n10%\r20%", 1)]);
        assert_eq!(lines, ["#1 two", "#1 20%", "#1 DONE 0.2s"]);
        assert!(take(&mut trace, vec![end], vec![]).is_empty());
    }

    #[test]
    fn cached_and_failed_steps_say_so() {
        let mut trace = Trace::default();
        let lines = take(&mut trace, vec![vertex(Some(0), true, "")], vec![]);
        assert_eq!(lines, ["#1 [2/5] RUN npm ci", "#1 CACHED"]);
        let mut trace = Trace::default();
        let error = "process did not complete successfully: exit code: 3";
        take(&mut trace, vec![vertex(Some(0), false, error)], vec![]);
        assert_eq!(trace.failed().unwrap().name, "[2/5] RUN npm ci");
    }

    #[test]
    fn endless_lines_are_cut() {
        let mut trace = Trace::default();
        let text = "x".repeat(MAX_LINE * 2 + 5);
        let lines = take(
            &mut trace,
            vec![vertex(None, false, "")],
            vec![log(&text, 1)],
        );
        assert_eq!(lines.len(), 3);
        assert_eq!(trace.rest().len(), 1);
    }
}
